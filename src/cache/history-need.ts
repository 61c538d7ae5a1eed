// What a question about a history needs to know, and what of that is not held.
import { type Covered, uncover } from '../domain/coverage.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { type Reach, reachOf, spanToAsk } from '../domain/history.ts';
import type { Context } from '../domain/source.ts';
import { type Span, subtractSpans } from '../domain/span.ts';
import type { Contents } from './history-book.ts';

/** What a query needs to know. */
export interface Need {
  readonly query: CustomerQuery;
  readonly reach: Reach;
  /** What the vendor has to be asked about, or to have been. */
  readonly span: Span;
  /** Whether something that is held will do. */
  readonly isUsable: (item: Covered) => boolean;
  /** What has turned out not to be held any more, whatever the list of contents says. */
  readonly lost: readonly Span[];
  /** The most calls to the vendor. */
  readonly maxCalls: number;
}

/** When something is needed, and how much may be done for it. */
interface Terms extends Pick<Context, 'refresh'> {
  /** What was good enough then is good enough: Unix milliseconds. */
  readonly at: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  readonly maxCalls: number;
}

/** The need of a query. */
export function needOf(query: CustomerQuery, { at, now, refresh, maxCalls }: Terms): Need {
  const reach = reachOf(query, at);
  const isFresh = ({ staleAt }: Covered) => staleAt > at && !refresh;
  const isUsable = (item: Covered) =>
    item.deleteAt > now() && (isFresh(item) || item.fetchedAt >= at);
  return { query, reach, span: spanToAsk(reach, edgeAt(at)), isUsable, lost: [], maxCalls };
}

/** What of a need has to be asked for: disjoint spans, oldest first. */
export function missingOf({ span, isUsable, lost }: Need, { covered }: Contents): readonly Span[] {
  return subtractSpans([span], uncover(covered.filter(isUsable), lost));
}

/** The first second of the future, in Unix seconds. */
export function edgeAt(now: number): number {
  return Math.floor(now / 1000) + 1;
}
