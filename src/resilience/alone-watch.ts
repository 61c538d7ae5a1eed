// Whether counts are shared with other processes, or made by this one alone since Redis does not take them.

/** Hears of each count, and tells when that changes. */
export interface AloneWatch {
  /** A count was shared. */
  noteShared(): void;
  /** A count was made alone. */
  noteAlone(): void;
}

interface AloneWatchOptions {
  readonly onChange: (state: 'alone' | 'shared') => void;
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
}

/** Counts are shared again when none was made alone for so long: where some fail, that is not told time and again. */
const STEADY_AFTER_MS = 1_000;

/** Creates a watch; counts are shared at first. */
export function createAloneWatch({ onChange, ticks }: AloneWatchOptions): AloneWatch {
  let aloneAt: number | null = null;
  return {
    noteShared() {
      if (aloneAt === null || ticks() - aloneAt < STEADY_AFTER_MS) return;
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
