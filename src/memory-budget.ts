// How `cache.memory` is shared out, so that a process takes no more than that and 200 MB.

/** The parts, in bytes. */
export interface MemoryBudget {
  /** For entries, with what is made of them. */
  readonly entryBytes: number;
  /** How far memory may grow between full collections of garbage. */
  readonly growthBytes: number;
}

/** Of the 200 MB some 140 are code, the young generation and what is under way. */
const LEAST_GROWTH_BYTES = 48 * 1024 ** 2;
/** The more is held, the more a collection costs, and the rarer it has to be. */
const GROWTH_SHARE = 0.1;

/** Shares out what is configured. */
export function shareMemory(memoryBytes: number): MemoryBudget {
  const share = Math.ceil(memoryBytes * GROWTH_SHARE);
  return { entryBytes: memoryBytes - share, growthBytes: LEAST_GROWTH_BYTES + share };
}
