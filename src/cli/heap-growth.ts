// How far the heap may grow before it is collected: by so many bytes, not by a factor, since memory is promised in bytes.
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const GROWTH_BYTES = 40 * 1024 ** 2;
const LEAST_PERCENT = 20;
const MOST_PERCENT = 400;

/**
 * Sets V8's factor anew after each full collection. A factor that is right for a full cache makes a small heap be
 * collected every few hundred requests: V8 counts the buffers of each request as growth, too.
 */
export function boundHeapGrowth(): void {
  setGrowth();
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isFullCollection)) setGrowth();
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** The growth (percent) that is so many bytes for a heap of `heapBytes`. */
export function growthPercent(heapBytes: number): number {
  const percent = Math.round((GROWTH_BYTES / heapBytes) * 100);
  return Math.min(Math.max(percent, LEAST_PERCENT), MOST_PERCENT);
}

function setGrowth(): void {
  const { used_heap_size: heapBytes } = getHeapStatistics();
  setFlagsFromString(`--heap-growing-percent=${growthPercent(heapBytes)}`);
}

/** Of all entries that are observed, those of the collector tell a kind in their detail. */
function isFullCollection(entry: object): boolean {
  const { detail } = entry as { readonly detail?: { readonly kind?: number } };
  return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
