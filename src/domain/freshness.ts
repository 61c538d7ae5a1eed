// How long an answer is fresh, and what it is at a given instant. All instants are Unix milliseconds.
import type { SummaryResult } from './summaries.ts';
import type { FreshnessPolicy } from './tenant.ts';
import type { TimeRange } from './time-range.ts';

/** The instants of a kept answer. */
export interface Instants {
  readonly fetchedAt: number;
  /** From here on it is no longer fresh. */
  readonly staleAt: number;
  /** From here on it is not to be used in any case. */
  readonly deleteAt: number;
}

/** Before `staleAt`; until `deleteAt`; after. */
export type Freshness = 'fresh' | 'stale' | 'expired';

const NOT_FOUND_FRESH_MS = 60_000;
const UNAVAILABLE_FRESH_MS = 5_000;

/** What an answer with these instants is at `now`. */
export function freshness({ staleAt, deleteAt }: Instants, now: number): Freshness {
  if (now < staleAt) return 'fresh';
  return now < deleteAt ? 'stale' : 'expired';
}

/** The instants of an answer that was fetched now and is fresh for so many milliseconds. */
export function instantsFrom(fetchedAt: number, freshMs: number): Instants {
  return { fetchedAt, staleAt: fetchedAt + freshMs, deleteAt: fetchedAt + freshMs };
}

/** An answer made of parts is as old as its oldest part and fresh for as long as its shortest. */
export function joinInstants(parts: readonly Instants[]): Instants {
  return {
    fetchedAt: Math.min(...parts.map((part) => part.fetchedAt)),
    staleAt: Math.min(...parts.map((part) => part.staleAt)),
    deleteAt: Math.min(...parts.map((part) => part.deleteAt)),
  };
}

/** The fresh time (ms) of a range: late changes are over once it has ended `settleMs` ago. */
export function rangeFreshMs(range: TimeRange, policy: FreshnessPolicy, now: number): number {
  const isSettled = range.form === 'closed' && now - range.endAt >= policy.settleMs;
  return isSettled ? policy.closedMs : policy.openMs;
}

/** The instants of what became known about one summary now. */
export function summaryInstants(
  result: SummaryResult,
  policy: FreshnessPolicy,
  now: number,
): Instants {
  return instantsFrom(now, summaryFreshMs(result, policy));
}

/** The fresh time (ms) of what is known about one summary. A summary that exists does not change. */
export function summaryFreshMs(result: SummaryResult, policy: FreshnessPolicy): number {
  if ('summary' in result) return policy.closedMs;
  return result.reason === 'not-found' ? NOT_FOUND_FRESH_MS : UNAVAILABLE_FRESH_MS;
}
