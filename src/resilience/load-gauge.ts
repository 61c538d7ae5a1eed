// Whether this process has more to do, or holds more, than it can bear for long.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** What a process is short of. */
export type Shortage = 'event-loop' | 'memory';

/** How a process fares. */
export interface Load {
  /** How long what is ready has waited for its turn of the event loop, on average since the last reading. */
  readonly delayMs: number;
  /** What is used of the memory that may be used, 1 for all of it. */
  readonly memoryShare: number;
}

/** Knows what the process is short of. */
export interface LoadGauge {
  /** Null: of nothing. */
  shortage(): Shortage | null;
  end(): void;
}

interface LoadGaugeOptions {
  readonly read: () => Load;
  /** Told when there is another shortage, or none any more. */
  readonly onChange: (shortage: Shortage | null) => void;
  /** Runs something again and again; returns what ends that. */
  readonly every: (run: () => void, delayMs: number) => () => void;
}

const LOOK_EVERY_MS = 500;
/** A turn may take long now and then, so long that looks come late: two in a row have to find it so. */
const MOST_DELAY_MS = 200;
/** V8's limit counts the young generation as well, in which what lives long has no place. */
const MOST_HEAP_SHARE = 0.7;
const MOST_CONTAINER_SHARE = 0.9;
const RESOLUTION_MS = 20;

/** Creates a gauge of what is read. */
export function createLoadGauge({ read, onChange, every }: LoadGaugeOptions): LoadGauge {
  let wasLate = false;
  let shortage: Shortage | null = null;
  const look = () => {
    const load = read();
    const isLate = load.delayMs > MOST_DELAY_MS;
    const found = shortageIn(load, isLate && wasLate);
    wasLate = isLate;
    if (found === shortage) return;
    shortage = found;
    onChange(found);
  };
  return { shortage: () => shortage, end: every(look, LOOK_EVERY_MS) };
}

function shortageIn({ memoryShare }: Load, isShortOfTime: boolean): Shortage | null {
  if (memoryShare > 1) return 'memory';
  return isShortOfTime ? 'event-loop' : null;
}

/** Creates what reads the load of this process, one of so many that share the container. */
export function createLoadReader(processes: number): () => Load {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let before = { count: 0, totalMs: 0 };
  return () => {
    const { count } = delays;
    // Reset, it would pass over what is late now.
    const totalMs = count === 0 ? 0 : (delays.mean / 1e6) * count;
    const ticks = count - before.count;
    // What is recorded is the whole time from tick to tick.
    const delayMs = ticks === 0 ? 0 : (totalMs - before.totalMs) / ticks - RESOLUTION_MS;
    before = { count, totalMs };
    const memoryShare = Math.max(heapShare(), containerShare(processes));
    return { delayMs: Math.max(0, delayMs), memoryShare };
  };
}

function heapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / (heap_size_limit * MOST_HEAP_SHARE);
}

/**
 * Of two figures that are both too high the lower one: as if all processes had as much as this one (what they share is
 * counted for each), and what the container has (with files that the kernel drops before it ends anybody).
 */
function containerShare(processes: number): number {
  const allowed = process.constrainedMemory();
  // Without a container it is nothing, or more than there is.
  if (allowed <= 0) return 0;
  const held = process.memoryUsage.rss() * processes;
  const used = allowed - process.availableMemory();
  return Math.min(held, used) / (allowed * MOST_CONTAINER_SHARE);
}
