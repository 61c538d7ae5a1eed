// How long to leave the vendor alone after a refresh that failed.
import type { Problem } from '../domain/problem.ts';

/** A refresh that failed, and those before it. */
export interface Failure {
  readonly problem: Problem;
  /** How many have failed in a row. */
  readonly count: number;
  /** Not to be tried again before, in Unix milliseconds. */
  readonly retryAt: number;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** A vendor that names a later time is not believed. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * What to remember of one more failure: the wait doubles up to a minute, with jitter, and is never shorter than the
 * vendor's `Retry-After`.
 * @param random at least 0, less than 1
 */
export function failureAfter(
  earlier: Failure | undefined,
  problem: Problem,
  { now, random }: { readonly now: number; readonly random: number },
): Failure {
  const count = (earlier?.count ?? 0) + 1;
  const longest = Math.min(FIRST_MS * 2 ** (count - 1), LONGEST_MS);
  const asked = Math.min((problem.details.retryAfterSeconds ?? 0) * 1000, LONGEST_RETRY_AFTER_MS);
  return { problem, count, retryAt: now + Math.max(longest * (0.5 + random / 2), asked) };
}
