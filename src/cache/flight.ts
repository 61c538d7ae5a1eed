// One flight: what Redis holds, else what fetching brings, else what may be used although it is stale.
import type { CacheKey } from '../domain/cache-key.ts';
import { freshness } from '../domain/freshness.ts';
import { isOutage, type Problem } from '../domain/problem.ts';
import type { Fetched, Provenance } from '../domain/source.ts';
import { withDeadline } from '../resilience/deadline.ts';
import { isOver } from './back-off.ts';
import { createEntry, type Entry } from './entry.ts';
import type { Remembered } from './memory-store.ts';
import { planFor, type Wish } from './plan.ts';
import { fetchOutcome } from './provenance.ts';
import type { Known, Look, Tiers } from './tiers.ts';

/** A kept or freshly fetched answer, and where it came from. */
export interface Held {
  readonly entry: Entry;
  readonly provenance: Provenance;
}

/** Where a flight ended. */
export interface Landed extends Held {
  /** True if what it found may be answered with once more while it is fetched anew. */
  readonly isRefreshDue: boolean;
}

/** What every flight needs. */
export interface FlightOptions {
  readonly tiers: Tiers;
  /** The longest time for waiting for other processes, and fetching. In milliseconds. */
  readonly deadlineMs: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
}

/** What one flight is for. */
export interface Trip {
  readonly key: CacheKey;
  readonly wish: Wish;
  readonly fetch: (signal: AbortSignal, endsAt: number) => Promise<Fetched>;
}

/** Flies. @throws {Problem} if nothing can be fetched and nothing may be used instead */
export async function fly(trip: Trip, options: FlightOptions): Promise<Landed> {
  const look = await options.tiers.look(trip.key);
  return answerWith(look, trip.wish, options.now()) ?? fetchOver(look, trip, options);
}

/** The answer from what is kept, or undefined if it has to be fetched. */
export function answerWith({ entry, tier, failure }: Known, wish: Wish, now: number) {
  if (entry === undefined) return undefined;
  const { instants } = entry;
  const isBackingOff = failure && !isOver(failure, instants);
  const retryAt = isBackingOff ? failure.retryAt : Number.NEGATIVE_INFINITY;
  const plan = planFor({ instants, retryAt }, wish, now);
  if (plan === 'fetch') return undefined;
  if (plan === 'answer-as-failed' && failure) return staleAnswer(entry, failure);
  const isRefreshDue = plan === 'answer-and-refresh';
  return { entry, provenance: { outcome: 'hit', tier }, isRefreshDue } as const;
}

/** The same of what memory holds, if it holds something. */
export function answerFromMemory(
  held: Remembered | undefined,
  { key, wish }: Pick<Trip, 'key' | 'wish'>,
  { tiers, now }: Pick<FlightOptions, 'tiers' | 'now'>,
) {
  if (held === undefined) return undefined;
  const { entry, tier } = held;
  return answerWith({ entry, tier, failure: tiers.failureOf(key) }, wish, now());
}

/** Fetches in the place of an entry, which is used if that fails and it may be. */
async function fetchOver(
  look: Look,
  { key, wish, fetch }: Trip,
  options: FlightOptions,
): Promise<Landed> {
  const { tiers, deadlineMs } = options;
  try {
    const landed = await withDeadline(deadlineMs, (signal, endsAt, lift) => {
      const bring = async () => {
        try {
          const { body, instants, staleIfError } = await fetch(signal, endsAt);
          return { entry: createEntry(body, instants), staleIfError };
        } finally {
          // How long it takes to keep it, or to tell others of a failure, is bounded there.
          lift();
        }
      };
      return tiers.fetch(key, { look, fetch: bring, signal });
    });
    const { entry, stored, isOthers, staleIfError } = landed;
    const fetched = { outcome: fetchOutcome(wish), stored, collapsed: isOthers } as const;
    return { entry, provenance: staleIfError ?? fetched, isRefreshDue: false };
  } catch (error) {
    const instead = await answerInstead(error, { key, look, wish }, options);
    if (instead === undefined) throw error;
    return instead;
  }
}

/**
 * What may be used where fetching has failed: what others have fetched meanwhile, else what is stale, and then the
 * failure is noted. Undefined if nothing may.
 */
export async function answerInstead(
  error: unknown,
  { key, look, wish }: Pick<Trip, 'key' | 'wish'> & { readonly look: Look },
  { tiers, now }: Pick<FlightOptions, 'tiers' | 'now'>,
): Promise<Landed | undefined> {
  if (!isOutage(error)) return undefined;
  const entry = await tiers.lookAgain(key, look);
  const state = entry ? freshness(entry.instants, now()) : 'expired';
  // Where nobody could be asked before, nobody knows when it was brought.
  const isAnother = look.shared && entry?.instants.fetchedAt !== look.entry?.instants.fetchedAt;
  if (entry && state === 'fresh' && isAnother) {
    const provenance = { outcome: fetchOutcome(wish), stored: true, collapsed: true } as const;
    return { entry, provenance, isRefreshDue: false };
  }
  tiers.noteFailure(key, error);
  return entry && state !== 'expired' ? staleAnswer(entry, error) : undefined;
}

/** An answer that is used since fetching has failed. */
function staleAnswer(entry: Entry, { slug, status }: Pick<Problem, 'slug' | 'status'>): Landed {
  return { entry, provenance: { outcome: 'stale', reason: slug, status }, isRefreshDue: false };
}
