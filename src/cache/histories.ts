// Complete histories: what is held is used, what is missing is fetched, and what came is kept, all of it or not.
import type { CacheKeys } from '../domain/cache-key.ts';
import { cover, coverageOf, uncover } from '../domain/coverage.ts';
import { insightsFrom } from '../domain/customer.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { NO_END } from '../domain/history.ts';
import { isOutage, type Problem } from '../domain/problem.ts';
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
import { edgeAt, missingOf, type Need } from './history-need.ts';
import { placeName } from './place.ts';
import type { Look } from './tiers.ts';

/** A history as far as it can be had. */
export interface HeldHistory {
  readonly book: Book;
  /** What could not be had, or was not asked for. */
  readonly missing: readonly Span[];
  /** Something past its time is used, since asking for it has failed. */
  readonly isStale: boolean;
  /** The calls that were made, by whomever. */
  readonly calls: number;
  /** Why not everything could be asked for; null where all was, or there were too many calls. */
  readonly failure: Problem | null;
  /** The vendor was asked. */
  readonly isFetched: boolean;
  /** By others, who had asked for the same. */
  readonly isCollapsed: boolean;
}

/** Brings the history that a need is about up to date, as far as can be. @throws {Problem} if nothing can be had */
export type Histories = (need: Need, context: Context) => Promise<HeldHistory>;

interface HistoriesOptions {
  readonly books: Books;
  readonly keys: Pick<CacheKeys, 'history'>;
  readonly source: Source<CustomerQuery, VendorCustomer>;
  /** For one answer. */
  readonly deadlineMs: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** What one fetch has brought. */
interface Landed extends Pick<HeldHistory, 'book' | 'failure' | 'calls'> {
  readonly told: readonly Span[];
}

/** Creates what brings them. One fetch at a time for each customer; those who come meanwhile look at what it brought. */
export function createHistories(options: HistoriesOptions): Histories {
  const { books, keys, deadlineMs, now } = options;
  const flights = createFlights<Landed>();

  const extend = async (need: Need, context: Context): Promise<Landed> => {
    const before = await books.look(need.query);
    const missing = missingOf(need, before.book.contents);
    if (missing.length === 0) return { book: before.book, failure: null, calls: 0, told: [] };
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
    return { book, failure: fetched.failure, calls: fetched.calls, told };
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
    { query, span, maxCalls }: Need,
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
      maxCalls,
      edge,
      ask: (part, isFirst) => {
        // Somebody waits for the first; many calls of one caller are not to be in the way of others.
        const priority = context.priority ?? (isFirst ? 'caller' : 'export');
        return options.source(
          { ...query, timeRange: rangeOf(part, edge) },
          { ...context, priority },
        );
      },
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
    let held: HeldHistory = {
      book,
      missing: missingOf(need, book.contents),
      failure: null,
      calls: 0,
      isStale: false,
      isFetched: false,
      isCollapsed: false,
    };
    while (held.missing.length > 0) {
      const name = placeName(keys.history(need.query));
      const { result, collapsed } = flights.join(name, () => extend(need, context));
      const { told, ...landed } = await result;
      // What a fetch has told is good enough for those who waited for it, however old it is said to be.
      const missing = subtractSpans(missingOf({ ...need, lost: [] }, landed.book.contents), told);
      held = { ...landed, missing, isStale: false, isFetched: true, isCollapsed: collapsed };
      // Those who came to another's fetch may need more than that was for, unless nothing is to be had.
      if (!collapsed || landed.failure) break;
    }
    return withWhatIsStale(held, need, now());
  };
}

/** While the vendor is out of order, what is stale may be used as well. @throws {Problem} if nothing at all is held */
function withWhatIsStale(held: HeldHistory, { span }: Need, now: number): HeldHistory {
  const { failure, book } = held;
  if (failure === null) return held;
  const { covered, chunks } = book.contents;
  const stale = isOutage(failure) ? covered.filter(({ deleteAt }) => deleteAt > now) : [];
  const missing = subtractSpans(held.missing, stale);
  if (subtractSpans([span], missing).length === 0 && chunks.length === 0) throw failure;
  const isStale = subtractSpans(held.missing, missing).length > 0;
  return { ...held, missing, isStale };
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
