// Reads something from a history that is brought up to date first, and tells how fresh that is.
import type { Instants } from '../domain/freshness.ts';
import type { Context, Provenance } from '../domain/source.ts';
import { clipSpans, type Span } from '../domain/span.ts';
import type { HeldHistory, Histories } from './histories.ts';
import type { Need } from './history-need.ts';
import { fetchOutcome, type Provided } from './provenance.ts';

/** Reads; `lost` are the spans of what turned out not to be held any more. */
export type Read<Result> = (
  need: Need,
  held: HeldHistory,
) => Promise<{ readonly result: Result; readonly lost: readonly Span[] }>;

/** What was read, as fresh as the oldest part of the history. */
export interface ReadHistory<Result> extends Provided {
  readonly result: Result;
}

/**
 * Brings up to date what a need is about, and reads. What turns out not to be held any more is fetched once.
 * @throws {Problem} if nothing can be had
 */
export async function readHistory<Result>(
  need: Need,
  context: Context,
  source: {
    readonly histories: Histories;
    readonly read: Read<Result>;
    readonly now: () => number;
  },
): Promise<ReadHistory<Result>> {
  const held = await source.histories(need, context);
  const { result, lost } = await source.read(need, held);
  if (lost.length > 0 && need.lost.length === 0) {
    return readHistory({ ...need, lost }, context, source);
  }
  const missing = [...held.missing, ...lost];
  const instants = instantsOf(need, { ...held, missing }, source.now());
  return { result, instants, provenance: provenanceOf(held, context) };
}

/** A history that is not complete is not fresh: asking again goes on with it. */
function instantsOf({ span }: Need, { book, missing }: HeldHistory, now: number): Instants {
  const used = book.contents.covered.filter((each) => clipSpans([each], span).length > 0);
  const fetchedAt = Math.min(...used.map((each) => each.fetchedAt), now);
  const isWhole = missing.length === 0;
  const staleAt = isWhole ? Math.min(...used.map((each) => each.staleAt)) : fetchedAt;
  return { fetchedAt, staleAt, revalidateUntil: staleAt, deleteAt: staleAt };
}

function provenanceOf(held: HeldHistory, context: Context): Provenance {
  const { book, failure, isFetched, isStale, isCollapsed } = held;
  if (!isFetched) return { outcome: 'hit', tier: book.tier };
  if (failure && isStale) {
    return { outcome: 'stale', reason: failure.slug, status: failure.status };
  }
  return { outcome: fetchOutcome(context), stored: book.isStored, collapsed: isCollapsed };
}
