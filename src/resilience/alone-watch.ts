// Whether counts are shared with other processes, or made by this one alone since Redis does not take them.
import { RETURN_MS } from './replicas.ts';

/** Hears of each count, and tells when that changes. */
export interface AloneWatch {
  /** A count was shared. They all are only when none was made alone for as long as the others may be away. */
  noteShared(): void;
  /** A count was made alone. */
  noteAlone(): void;
}

interface AloneWatchOptions {
  readonly onChange: (state: 'alone' | 'shared') => void;
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
}

/** Creates a watch; counts are shared at first. */
export function createAloneWatch({ onChange, ticks }: AloneWatchOptions): AloneWatch {
  let aloneAt: number | null = null;
  return {
    noteShared() {
      if (aloneAt === null || ticks() - aloneAt < RETURN_MS) return;
      aloneAt = null;
      onChange('shared');
    },
    noteAlone() {
      const wasAlone = aloneAt !== null;
      aloneAt = ticks();
      if (!wasAlone) onChange('alone');
    },
  };
}
