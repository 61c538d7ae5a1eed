// The source of complete histories, page by page.
import type { HistoryPage, HistoryQuery } from '../domain/history.ts';
import type { Source } from '../domain/source.ts';
import type { Emit } from '../telemetry/events.ts';
import type { Histories } from './histories.ts';
import type { Books } from './history-book.ts';
import { needOf } from './history-need.ts';
import { readPage } from './history-page.ts';
import { type Provided, readEvent } from './provenance.ts';
import { readHistory } from './read-history.ts';

/** A page, as fresh as the oldest part of the history. */
export interface HeldPage extends Provided {
  readonly page: HistoryPage;
}

/** What answers about histories are made from. */
export interface HistoryOptions {
  readonly books: Books;
  readonly histories: Histories;
  /** The most calls to the vendor for one history. */
  readonly maxCalls: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  readonly emit: Emit;
}

/** Creates the source. */
export function createCompleteHistory(options: HistoryOptions): Source<HistoryQuery, HeldPage> {
  const { books, histories, maxCalls, now, emit } = options;
  return async (query, context) => {
    const { page: wanted } = query;
    const at = wanted.firstAt ?? now();
    const need = needOf(query, { at, now, refresh: context.refresh, maxCalls });
    const { result, ...provided } = await readHistory(need, context, {
      histories,
      now,
      read: (needed, held) => readPage(needed, held, { wanted, books, now: now() }),
    });
    emit(readEvent('history', provided, now()));
    return { page: result, ...provided };
  };
}
