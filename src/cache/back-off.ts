// How long to leave the vendor alone after a refresh that failed.
import { LRUCache } from 'lru-cache';
import type { Instants } from '../domain/freshness.ts';
import { type Problem, type ProblemSlug, pauseAskedMs } from '../domain/problem.ts';
import { type Place, placeName } from './place.ts';

/** A refresh that failed, and those before it. */
export interface Failure {
  /** The problem that it alone would have been answered with, and its status. */
  readonly slug: ProblemSlug;
  readonly status: number;
  /** When it failed, in Unix milliseconds. */
  readonly failedAt: number;
  /** `fetchedAt` of what was held then; undefined if nothing was. */
  readonly heldFrom: number | undefined;
  /** How many have failed in a row. */
  readonly count: number;
  /** Not to be tried again before, in Unix milliseconds. */
  readonly retryAt: number;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

interface Circumstances {
  /** In Unix milliseconds. */
  readonly now: number;
  /** At least 0, less than 1. */
  readonly random: number;
  readonly heldFrom?: number | undefined;
}

/**
 * What to remember of one more failure: the wait doubles up to a minute, with jitter, and is never shorter than the
 * vendor's `Retry-After`.
 */
export function failureAfter(
  earlier: Failure | undefined,
  problem: Problem,
  { now, random, heldFrom }: Circumstances,
): Failure {
  const count = (earlier?.count ?? 0) + 1;
  const longest = Math.min(FIRST_MS * 2 ** (count - 1), LONGEST_MS);
  const asked = pauseAskedMs(problem) ?? 0;
  return {
    slug: problem.slug,
    status: problem.status,
    count,
    failedAt: now,
    heldFrom,
    retryAt: now + Math.max(longest * (0.5 + random / 2), asked),
  };
}

/** True if what is held now has been fetched since: it is another than then; where nothing was held, clocks tell. */
export function isOver(
  { failedAt, heldFrom }: Failure,
  { fetchedAt }: Pick<Instants, 'fetchedAt'>,
): boolean {
  return heldFrom === undefined ? failedAt < fetchedAt : heldFrom !== fetchedAt;
}

/** The failures of refreshes, by key. */
export interface BackOff {
  /** The last try, if it failed. */
  failureOf(place: Place): Failure | undefined;
  /**
   * Notes a failure; `heldFrom` is `fetchedAt` of what is held. The same problem counts once: who waited for another
   * process hears of it twice.
   */
  note(place: Place, problem: Problem, heldFrom: number | undefined): void;
  /** To be called when a try has succeeded. */
  forget(place: Place): void;
}

interface BackOffOptions {
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

const MAX_FAILURES = 10_000;

/** Creates an empty memory of failures, bounded in number; it holds neither problems nor personal data. */
export function createBackOff({ now, random }: BackOffOptions): BackOff {
  const failures = new LRUCache<string, Failure>({ max: MAX_FAILURES });
  const noted = new WeakMap<Problem, Set<string>>();
  return {
    failureOf: (place) => (failures.size === 0 ? undefined : failures.get(placeName(place))),
    note(place, problem, heldFrom) {
      const name = placeName(place);
      const places = noted.get(problem) ?? new Set();
      if (places.has(name)) return;
      noted.set(problem, places.add(name));
      const known = failures.get(name);
      // What went well meanwhile, heard of or not, ends the row.
      const isRow = known && (heldFrom === undefined || !isOver(known, { fetchedAt: heldFrom }));
      const at = { now: now(), random: random(), heldFrom };
      failures.set(name, failureAfter(isRow ? known : undefined, problem, at));
    },
    forget(place) {
      if (failures.size > 0) failures.delete(placeName(place));
    },
  };
}
