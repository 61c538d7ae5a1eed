// The source of complete histories, page by page.
import type { Instants } from '../domain/freshness.ts';
import type { HistoryPage, HistoryQuery } from '../domain/history.ts';
import { isOutage } from '../domain/problem.ts';
import type { Context, Provenance, Source } from '../domain/source.ts';
import { clipSpans, subtractSpans } from '../domain/span.ts';
import type { Emit } from '../telemetry/events.ts';
import { type HeldHistory, type Histories, type Need, needOf } from './histories.ts';
import type { Books } from './history-book.ts';
import { readPage } from './history-page.ts';
import { fetchOutcome, readEvent } from './provenance.ts';

/** A page, as fresh as the oldest part of the history. */
export interface HeldPage {
  readonly page: HistoryPage;
  readonly instants: Instants;
  readonly provenance: Provenance;
}

interface CompleteHistoryOptions {
  readonly books: Books;
  readonly histories: Histories;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  readonly emit: Emit;
}

/** Creates the source. What turns out not to be held any more is fetched once; after that it is a gap. */
export function createCompleteHistory(
  options: CompleteHistoryOptions,
): Source<HistoryQuery, HeldPage> {
  const { books, histories, now, emit } = options;

  const pageFor = async (need: Need, context: Context): Promise<HeldPage> => {
    const held = await histories(need, context);
    const shown = withWhatIsStale(need, held, now());
    const { page, lost } = await readPage(need, shown, { books, now: now() });
    if (lost.length > 0 && need.lost.length === 0) return pageFor({ ...need, lost }, context);
    const missing = [...shown.missing, ...lost];
    const instants = instantsOf(need, { ...shown, missing }, now());
    return { page, instants, provenance: provenanceOf(held, shown, context) };
  };

  return async (query, context) => {
    const answer = await pageFor(needOf(query, context, now()), context);
    emit(readEvent('history', answer, now()));
    return answer;
  };
}

/** After a failure what is stale may be used as well. @throws {Problem} the failure, if nothing is held at all */
function withWhatIsStale({ span }: Need, held: HeldHistory, now: number): HeldHistory {
  const { book, failure } = held;
  if (failure === null) return held;
  const stale = book.contents.covered.filter(({ deleteAt }) => deleteAt > now);
  const missing = isOutage(failure) ? subtractSpans(held.missing, stale) : held.missing;
  const isNothing = subtractSpans([span], missing).length === 0;
  if (isNothing && book.contents.chunks.length === 0) throw failure;
  return { ...held, missing };
}

/** A history that is not complete is not fresh: asking again goes on with it. */
function instantsOf({ span }: Need, { book, missing }: HeldHistory, now: number): Instants {
  const used = book.contents.covered.filter((each) => clipSpans([each], span).length > 0);
  const fetchedAt = Math.min(...used.map((each) => each.fetchedAt), now);
  const isWhole = missing.length === 0;
  const staleAt = isWhole ? Math.min(...used.map((each) => each.staleAt)) : fetchedAt;
  return { fetchedAt, staleAt, revalidateUntil: staleAt, deleteAt: staleAt };
}

function provenanceOf(held: HeldHistory, shown: HeldHistory, context: Context): Provenance {
  const { book, failure, isFetched, isCollapsed } = held;
  if (!isFetched) return { outcome: 'hit', tier: book.tier };
  if (failure && shown.missing.length < held.missing.length) {
    return { outcome: 'stale', reason: failure.slug, status: failure.status };
  }
  return { outcome: fetchOutcome(context), stored: book.isStored, collapsed: isCollapsed };
}
