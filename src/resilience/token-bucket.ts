// A bucket of tokens for calls: what is in it, what may be taken, and what a refusal by the vendor does to it. Pure.
import type { Priority } from '../domain/source.ts';
import type { Allowance } from '../domain/tenant.ts';

/** A bucket as it was at an instant. */
export interface Bucket {
  readonly tokens: number;
  /** The part of the configured rate at which it fills, up to 1; lowered when the vendor refuses. */
  readonly share: number;
  /** Nothing is taken before; in Unix milliseconds. */
  readonly pausedUntil: number;
  /** When this was so, in Unix milliseconds. */
  readonly at: number;
}

/** What was asked of a bucket, and what became of it. */
export interface Taken {
  readonly isAdmitted: boolean;
  /** How long until it would be admitted, in milliseconds; 0 if it is. */
  readonly waitMs: number;
  /** What is left, in calls. */
  readonly left: number;
}

/** So much of a full bucket is left to those who are more urgent. */
const RESERVE: Readonly<Record<Priority, number>> = { caller: 0, refresh: 0.1, export: 0.5 };
/** The rate never falls below this share of what is configured, */
export const LEAST_SHARE = 0.1;
/** is halved by a refusal, but by all refusals of a second only once, */
export const REFUSALS_COUNT_ONCE_MS = 1_000;
/** and recovers by this share in each period. */
export const RECOVERY_A_PERIOD = 0.1;

/** A full bucket. */
export function fullBucket({ requests }: Allowance, now: number): Bucket {
  return { tokens: requests, share: 1, pausedUntil: Number.NEGATIVE_INFINITY, at: now };
}

/** The bucket at a later instant; during a pause, or by a clock that was set back, nothing fills or recovers. */
export function refilled(bucket: Bucket, { requests, perMs }: Allowance, now: number): Bucket {
  const periods = Math.max(0, now - Math.max(bucket.at, bucket.pausedUntil)) / perMs;
  return {
    tokens: Math.min(requests, bucket.tokens + periods * requests * bucket.share),
    share: Math.min(1, bucket.share + periods * RECOVERY_A_PERIOD),
    pausedUntil: bucket.pausedUntil,
    at: now,
  };
}

/** Whether nothing may be taken; the bucket is one of this very instant. */
export function isPaused({ pausedUntil, at }: Bucket): boolean {
  return pausedUntil > at;
}

/** What a caller could take at once, in calls; the bucket is one of this very instant. */
export function callsLeft(bucket: Bucket): number {
  return isPaused(bucket) ? 0 : Math.floor(bucket.tokens);
}

/** As many tokens must be there for a priority to take one. */
export function neededTokens({ requests }: Allowance, priority: Priority): number {
  return 1 + RESERVE[priority] * (requests - 1);
}

/** How long it takes until a priority may take one, in milliseconds; the bucket is one of this very instant. */
export function waitFor(bucket: Bucket, allowance: Allowance, priority: Priority): number {
  const { tokens, share, pausedUntil, at } = bucket;
  const { requests, perMs } = allowance;
  const missing = Math.max(0, neededTokens(allowance, priority) - tokens);
  return Math.max(0, pausedUntil - at) + (missing * perMs) / (requests * share);
}

/** Takes one token if as many as the priority needs are there; the bucket is one of this very instant. */
export function take(
  bucket: Bucket,
  allowance: Allowance,
  priority: Priority,
): { readonly bucket: Bucket; readonly taken: Taken } {
  const waitMs = waitFor(bucket, allowance, priority);
  if (waitMs > 0) return { bucket, taken: { isAdmitted: false, waitMs, left: callsLeft(bucket) } };
  const after = { ...bucket, tokens: bucket.tokens - 1 };
  return { bucket: after, taken: { isAdmitted: true, waitMs: 0, left: callsLeft(after) } };
}

/**
 * The bucket after the vendor has refused a call, and said when to come back; and whether that lowers the rate. One
 * call at most is left, for the moment when the pause is over.
 */
export function slowed(
  bucket: Bucket,
  retryAfterMs: number,
): { readonly bucket: Bucket; readonly isLowered: boolean } {
  const { share, at } = bucket;
  const isLowered = bucket.pausedUntil <= at - REFUSALS_COUNT_ONCE_MS;
  const after = {
    at,
    pausedUntil: Math.max(bucket.pausedUntil, at + retryAfterMs),
    tokens: Math.min(bucket.tokens, 1),
    share: isLowered ? Math.max(LEAST_SHARE, share / 2) : share,
  };
  return { bucket: after, isLowered };
}
