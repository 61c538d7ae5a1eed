// How far memory may grow before V8 collects it: by so many bytes, not by a factor, since memory is promised in bytes.
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const MOST_PERCENT = 400;

/**
 * Sets V8's factor anew after each collection, small ones too: V8 applies it at the next full one, to what it finds
 * then. A fixed factor that is right for a full cache makes an empty one be collected every few hundred requests, since
 * V8 counts the buffers of each request as growth.
 */
export function boundHeapGrowth(growthBytes: number): void {
  const setGrowth = () => {
    const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
    setFlagsFromString(`--heap-growing-percent=${growthPercent(growthBytes, heap + buffers)}`);
  };
  setGrowth();
  new PerformanceObserver(setGrowth).observe({ entryTypes: ['gc'] });
}

/** The growth (percent) that is so many bytes where `usedBytes` are used: by the heap, and by buffers outside of it. */
export function growthPercent(growthBytes: number, usedBytes: number): number {
  const percent = Math.round((growthBytes / usedBytes) * 100);
  return Math.min(Math.max(percent, 1), MOST_PERCENT);
}
