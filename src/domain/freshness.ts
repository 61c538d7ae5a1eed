// How long an answer may be used, and what it is at a given instant. All instants are Unix milliseconds.
import type { SummaryResult } from './summaries.ts';
import type { FreshnessPolicy } from './tenant.ts';
import type { TimeRange } from './time-range.ts';

/** The instants of a kept answer. */
export interface Instants {
  readonly fetchedAt: number;
  /** From here on it is no longer fresh. */
  readonly staleAt: number;
  /** Until here it is answered with while it is fetched anew (RFC 5861 §3). */
  readonly revalidateUntil: number;
  /** From here on it is not to be used in any case; until here where fetching fails (RFC 5861 §4). */
  readonly deleteAt: number;
}

/** What a kept answer is good for. */
export type Freshness = 'fresh' | 'stale-while-revalidate' | 'stale-if-error' | 'expired';

/** How long an answer is fresh, and for how long after that it may be used stale. All are milliseconds. */
export interface Lifetime {
  readonly freshMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

const NOT_FOUND_FRESH_MS = 60_000;
const UNAVAILABLE_FRESH_MS = 5_000;
const JITTER = 0.1;

/** What an answer with these instants is good for at `now`. */
export function freshness(instants: Instants, now: number): Freshness {
  if (now < instants.staleAt) return 'fresh';
  if (now >= instants.deleteAt) return 'expired';
  return now < instants.revalidateUntil ? 'stale-while-revalidate' : 'stale-if-error';
}

/**
 * The instants of an answer that was fetched at an instant. Its fresh time varies by a tenth to both sides, so that
 * what was fetched together does not end together.
 * @param random at least 0, less than 1
 */
export function instantsFrom(fetchedAt: number, lifetime: Lifetime, random: number): Instants {
  const staleAt = fetchedAt + lifetime.freshMs * (1 - JITTER + 2 * JITTER * random);
  const revalidateUntil = staleAt + lifetime.staleWhileRevalidateMs;
  const deleteAt = Math.max(revalidateUntil, staleAt + lifetime.staleIfErrorMs);
  return { fetchedAt, staleAt, revalidateUntil, deleteAt };
}

/** An answer made of parts is as old as its oldest part and may be used for as long as its shortest. */
export function joinInstants(parts: readonly Instants[]): Instants {
  return {
    fetchedAt: Math.min(...parts.map((part) => part.fetchedAt)),
    staleAt: Math.min(...parts.map((part) => part.staleAt)),
    revalidateUntil: Math.min(...parts.map((part) => part.revalidateUntil)),
    deleteAt: Math.min(...parts.map((part) => part.deleteAt)),
  };
}

/** The lifetime of a range's answer: late changes are over once the range has ended `settleMs` ago. */
export function rangeLifetime(range: TimeRange, policy: FreshnessPolicy, now: number): Lifetime {
  const isSettled = range.form === 'closed' && now - range.endAt >= policy.settleMs;
  const { openMs, closedMs, staleWhileRevalidateMs, staleIfErrorMs } = policy;
  return { freshMs: isSettled ? closedMs : openMs, staleWhileRevalidateMs, staleIfErrorMs };
}

/** The lifetime of what is known about one summary. One that exists does not change; the rest is not used stale. */
export function summaryLifetime(result: SummaryResult, policy: FreshnessPolicy): Lifetime {
  const { closedMs, staleWhileRevalidateMs, staleIfErrorMs } = policy;
  if ('summary' in result) return { freshMs: closedMs, staleWhileRevalidateMs, staleIfErrorMs };
  const freshMs = result.reason === 'not-found' ? NOT_FOUND_FRESH_MS : UNAVAILABLE_FRESH_MS;
  return { freshMs, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
}

/** The longest time (ms) from fetching to deleting that any of the policies can lead to. */
export function longestLifeMs(policies: readonly FreshnessPolicy[]): number {
  const lives = policies.map(({ openMs, closedMs, ...stale }) => {
    const freshMs = Math.max(openMs, closedMs, NOT_FOUND_FRESH_MS) * (1 + JITTER);
    return freshMs + Math.max(stale.staleWhileRevalidateMs, stale.staleIfErrorMs);
  });
  return Math.ceil(Math.max(...lives));
}
