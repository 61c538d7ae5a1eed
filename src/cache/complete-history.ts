// The source of complete histories, page by page.
import type { Instants } from '../domain/freshness.ts';
import type { HistoryPage, HistoryQuery, PageRequest } from '../domain/history.ts';
import type { Context, Provenance, Source } from '../domain/source.ts';
import { clipSpans } from '../domain/span.ts';
import type { Emit } from '../telemetry/events.ts';
import type { HeldHistory, Histories } from './histories.ts';
import type { Books } from './history-book.ts';
import { type Need, needOf } from './history-need.ts';
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
  /** The most calls to the vendor for one answer. */
  readonly maxCalls: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  readonly emit: Emit;
}

/** Creates the source. What turns out not to be held any more is fetched once; after that it is a gap. */
export function createCompleteHistory(
  options: CompleteHistoryOptions,
): Source<HistoryQuery, HeldPage> {
  const { books, histories, maxCalls, now, emit } = options;

  const pageFor = async (need: Need, wanted: PageRequest, context: Context): Promise<HeldPage> => {
    const held = await histories(need, context);
    const { page, lost } = await readPage(need, held, { wanted, books, now: now() });
    if (lost.length > 0 && need.lost.length === 0) {
      return pageFor({ ...need, lost }, wanted, context);
    }
    const missing = [...held.missing, ...lost];
    const instants = instantsOf(need, { ...held, missing }, now());
    return { page, instants, provenance: provenanceOf(held, context) };
  };

  return async (query, context) => {
    const at = query.page.firstAt ?? now();
    const need = needOf(query, { at, now, refresh: context.refresh, maxCalls });
    const answer = await pageFor(need, query.page, context);
    emit(readEvent('history', answer, now()));
    return answer;
  };
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
