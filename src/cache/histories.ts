// Complete histories: what is held is used, what is missing is fetched, and what came is kept, all of it or not.
import type { CacheKeys } from '../domain/cache-key.ts';
import { type Covered, cover, coverageOf, uncover } from '../domain/coverage.ts';
import { insightsFrom } from '../domain/customer.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { type HistoryQuery, NO_END, type Reach, reachOf, spanToAsk } from '../domain/history.ts';
import type { Problem } from '../domain/problem.ts';
import type { Context, Source } from '../domain/source.ts';
import { clipSpans, type Span, subtractSpans } from '../domain/span.ts';
import { FULL_ROWS } from '../domain/split-plan.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { VendorCustomer } from '../domain/vendor-answer.ts';
import { withDeadline } from '../resilience/deadline.ts';
import { createFlights } from './flights.ts';
import type { Book, Books, Contents, KeptInsights } from './history-book.ts';
import { spanOf } from './history-chunks.ts';
import { type FetchedHistory, fetchHistory } from './history-fetch.ts';
import { placeName } from './place.ts';
import type { Look } from './tiers.ts';

/** A history as far as it can be had. */
export interface HeldHistory {
  readonly book: Book;
  /** What could not be had, or was not asked for. */
  readonly missing: readonly Span[];
  /** Why not everything could be asked for; null where all was, or there were too many calls. */
  readonly failure: Problem | null;
  /** The vendor was asked. */
  readonly isFetched: boolean;
  /** By others, who had asked for the same. */
  readonly isCollapsed: boolean;
}

/** What a query needs to know. */
export interface Need {
  readonly query: HistoryQuery;
  readonly reach: Reach;
  /** What the vendor has to be asked about, or to have been. */
  readonly span: Span;
  /** Whether something that is held will do. */
  readonly isUsable: (item: Covered) => boolean;
  /** What has turned out not to be held any more, whatever the list of contents says. */
  readonly lost: readonly Span[];
}

/** Brings the history that a need is about up to date, as far as can be. @throws {Problem} if nothing can be had */
export type Histories = (need: Need, context: Context) => Promise<HeldHistory>;

interface HistoriesOptions {
  readonly books: Books;
  readonly keys: Pick<CacheKeys, 'history'>;
  readonly source: Source<CustomerQuery, VendorCustomer>;
  /** The most calls for one answer. */
  readonly maxCalls: number;
  /** For one answer. */
  readonly deadlineMs: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** What one fetch has brought. */
interface Landed extends Pick<HeldHistory, 'book' | 'failure'> {
  readonly told: readonly Span[];
}

/** The need of a query at `now` (Unix ms). What was good enough for the first page is for those after it. */
export function needOf(
  query: HistoryQuery,
  { refresh }: Pick<Context, 'refresh'>,
  now: number,
): Need {
  const at = query.page.firstAt ?? now;
  const reach = reachOf(query, at);
  const isFresh = ({ staleAt }: Covered) => staleAt > at && !refresh;
  const isUsable = (item: Covered) =>
    item.deleteAt > now && (isFresh(item) || item.fetchedAt >= at);
  return { query, reach, span: spanToAsk(reach, edgeAt(at)), isUsable, lost: [] };
}

/** What of a need has to be asked for. */
function missingOf({ span, isUsable, lost }: Need, { covered }: Contents): readonly Span[] {
  return subtractSpans([span], uncover(covered.filter(isUsable), lost));
}

/** Creates what brings them. One fetch at a time for each customer; those who come meanwhile look at what it brought. */
export function createHistories(options: HistoriesOptions): Histories {
  const { books, keys, deadlineMs, now } = options;
  const flights = createFlights<Landed>();

  const extend = async (need: Need, context: Context): Promise<Landed> => {
    const before = await books.look(need.query);
    const missing = missingOf(need, before.book.contents);
    if (missing.length === 0) return { book: before.book, failure: null, told: [] };
    const seen = await startsIn(missing, need, before.book);
    const fetchedAt = now();
    const fetched = await withDeadline(deadlineMs, async (signal, endsAt, lift) => {
      const within = { ...context, signal, endsAt };
      const came = await fetchFor(need, { missing, seen, contents: before.book.contents }, within);
      // How long it takes to keep it is bounded there.
      lift();
      return came;
    });
    const told = openEnded(fetched.told, edgeAt(fetchedAt));
    const book = await keep(need, before, { fetched, fetchedAt });
    return { book, failure: fetched.failure, told };
  };

  /** When those interactions started that are held of some spans, in Unix seconds. */
  const startsIn = async (spans: readonly Span[], { query }: Need, book: Book) => {
    const chunks = book.contents.chunks.filter((chunk) =>
      spans.some((span) => clipSpans([spanOf(chunk)], span).length > 0),
    );
    const held = await Promise.all(chunks.map((chunk) => books.read(query, book, chunk)));
    return held.flatMap((draft = []) =>
      draft.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt) / 1000])),
    );
  };

  const fetchFor = (
    { query, span }: Need,
    {
      missing,
      seen,
      contents,
    }: { missing: readonly Span[]; seen: readonly number[]; contents: Contents },
    context: Context & { readonly signal: AbortSignal },
  ) => {
    const edge = edgeAt(now());
    return fetchHistory({
      spans: missing,
      seen,
      whole: isSmallButForItsEnd(span, missing, contents) ? span : null,
      maxCalls: options.maxCalls,
      edge,
      ask: (part, priority) =>
        options.source({ ...query, timeRange: rangeOf(part, edge) }, { ...context, priority }),
      signal: context.signal,
    });
  };

  const keep = async (
    { query, span, lost }: Need,
    before: { readonly book: Book; readonly look: Look },
    { fetched, fetchedAt }: { readonly fetched: FetchedHistory; readonly fetchedAt: number },
  ): Promise<Book> => {
    const { interactions, told, flawed, only } = fetched;
    if (told.length === 0 && interactions.size === 0) return before.book;
    const edge = edgeAt(fetchedAt);
    const lasting = { fetchedAt, policy: query.tenant.freshness, random: options.random() };
    const cut = (spans: readonly Span[], isWhole: boolean) =>
      openEnded(spans, edge).flatMap((each) => coverageOf(each, { ...lasting, isWhole }));
    const { contents } = before.book;
    const held = cover(uncover(contents.covered, lost), cut(told, true));
    const isAll = told.length === 1 && told[0]?.from === span.from && told[0].to >= span.to;
    const insights: KeptInsights | null =
      only && isAll
        ? {
            timeRange: query.timeRange,
            interactions: interactions.size,
            value: insightsFrom(only.insights),
          }
        : null;
    const [present] = cut([{ from: edge - 1, to: edge }], true);
    return books.write(query, before, {
      keepUntil: present?.deleteAt ?? fetchedAt,
      change: { interactions: [...interactions.values()], told: openEnded(told, edge) },
      contents: {
        covered: flawed.length > 0 ? cover(held, cut(flawed, false)) : held,
        insights,
        isByStart: contents.isByStart || fetched.isByStart,
      },
    });
  };

  return async (need, context) => {
    const book = await books.open(need.query);
    const missing = missingOf(need, book.contents);
    let held: HeldHistory = {
      book,
      missing,
      failure: null,
      isFetched: false,
      isCollapsed: false,
    };
    while (held.missing.length > 0) {
      const name = placeName(keys.history(need.query));
      const { result, collapsed } = flights.join(name, () => extend(need, context));
      const { told, ...landed } = await result;
      // What a fetch has told is good enough for those who waited for it, however old it is said to be.
      const left = subtractSpans(missingOf({ ...need, lost: [] }, landed.book.contents), told);
      held = { ...landed, missing: left, isFetched: true, isCollapsed: collapsed };
      // Those who came to another's fetch may need more than that was for, unless nothing is to be had.
      if (!collapsed || landed.failure) break;
    }
    return held;
  };
}

/** The first second of the future. */
function edgeAt(now: number): number {
  return Math.floor(now / 1000) + 1;
}

/** Few interactions of which only the newest are missing: then all are asked for, for the sake of the aggregates. */
function isSmallButForItsEnd(span: Span, missing: readonly Span[], { chunks }: Contents): boolean {
  const [only, ...others] = missing;
  const isEnd = only?.to === span.to && others.length === 0 && only.from > span.from;
  const rows = chunks.reduce((sum, { tally }) => sum + tally.interactions, 0);
  return isEnd && rows < FULL_ROWS;
}

/** The range to be sent for a part. Bounds may be exclusive at the vendor; there is no end where the present is. */
function rangeOf({ from, to }: Span, edge: number): TimeRange {
  const startAt = Math.max(from - 1, 0) * 1000;
  return to >= edge ? { form: 'since', startAt } : { form: 'closed', startAt, endAt: to * 1000 };
}

/** What reached the present was told up to whatever that was. */
function openEnded(spans: readonly Span[], edge: number): readonly Span[] {
  return spans.map((span) => (span.to >= edge ? { from: span.from, to: NO_END } : span));
}
