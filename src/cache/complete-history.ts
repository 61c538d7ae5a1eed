// The source of complete histories, page by page.
import type { Instants } from '../domain/freshness.ts';
import type { HistoryPage, HistoryQuery } from '../domain/history.ts';
import { isOutage } from '../domain/problem.ts';
import type { Context, Provenance, Source } from '../domain/source.ts';
import { clipSpans } from '../domain/span.ts';
import type { Emit } from '../telemetry/events.ts';
import { type HeldHistory, type Histories, missingOf, type Need, needOf } from './histories.ts';
import type { Book, Books } from './history-book.ts';
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
    const judged = withWhatIsStale(need, held, now());
    const page = await readPage(judged, held.book, { books, now: now() });
    if (page.lost.length > 0 && need.lost.length === 0) {
      return pageFor({ ...need, lost: page.lost, lostAt: now() }, context);
    }
    const instants = instantsOf(judged, held.book, now());
    return { page, instants, provenance: provenanceOf({ need, judged, held }, context) };
  };

  return async (query, context) => {
    const answer = await pageFor(needOf(query, context, now()), context);
    emit(readEvent('history', answer, now()));
    return answer;
  };
}

/** After a failure what is stale may be used as well. @throws {Problem} the failure, if nothing is held at all */
function withWhatIsStale(need: Need, { book, failure }: HeldHistory, now: number): Need {
  if (failure === null) return need;
  const isUsable: Need['isUsable'] = ({ deleteAt }) => deleteAt > now;
  const judged = isOutage(failure) ? { ...need, isUsable } : need;
  const [first] = missingOf(judged, book.contents);
  const isNothing = first?.from === need.span.from && first.to === need.span.to;
  if (isNothing && book.contents.chunks.length === 0) throw failure;
  return judged;
}

/** A history that is not complete is not fresh: asking again goes on with it. */
function instantsOf(need: Need, { contents }: Book, now: number): Instants {
  const { span, isUsable } = need;
  const used = contents.covered.filter(
    (each) => isUsable(each) && clipSpans([each], span).length > 0,
  );
  const fetchedAt = Math.min(...used.map((each) => each.fetchedAt), now);
  const isWhole = missingOf(need, contents).length === 0;
  const staleAt = isWhole ? Math.min(...used.map((each) => each.staleAt)) : fetchedAt;
  return { fetchedAt, staleAt, revalidateUntil: staleAt, deleteAt: staleAt };
}

function provenanceOf(
  {
    need,
    judged,
    held,
  }: { readonly need: Need; readonly judged: Need; readonly held: HeldHistory },
  context: Context,
): Provenance {
  const { book, failure, isFetched, isCollapsed } = held;
  if (!isFetched) return { outcome: 'hit', tier: book.tier };
  const left = missingOf(need, book.contents).length;
  const isStaleUsed = left > 0 && missingOf(judged, book.contents).length < left;
  if (failure && isStaleUsed) {
    return { outcome: 'stale', reason: failure.slug, status: failure.status };
  }
  return { outcome: fetchOutcome(context), stored: book.isStored, collapsed: isCollapsed };
}
