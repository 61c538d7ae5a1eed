// One page of a history as it is held, with what is said about all of it.
import {
  comparePositions,
  type Gap,
  type HistoryPage,
  isWithin,
  LONGEST_SECONDS,
  type PageRequest,
  type Position,
  positionOf,
  type Reach,
} from '../domain/history.ts';
import type { Interaction } from '../domain/interaction.ts';
import { isoInstant } from '../domain/iso-instant.ts';
import { onceEach } from '../domain/once-each.ts';
import { clipSpans, joinSpans, type Span } from '../domain/span.ts';
import { addTallies, derivedFrom, tallyOf } from '../domain/tally.ts';
import type { HeldHistory } from './histories.ts';
import type { Books, Contents } from './history-book.ts';
import { type ChunkRef, spanOf } from './history-chunks.ts';
import type { Need } from './history-need.ts';

/** Reads the page that a need asks for. `now` in Unix milliseconds. */
export async function readPage(
  need: Need,
  { book, missing }: Pick<HeldHistory, 'book' | 'missing'>,
  { wanted, books, now }: { wanted: PageRequest; books: Books; now: number },
): Promise<{ result: HistoryPage; lost: readonly Span[] }> {
  const { query, reach } = need;
  const { limit, after } = wanted;
  const { contents } = book;
  const lost: Span[] = [];
  // A chunk at the edge of the reach is counted, and may be shown as well.
  const read = onceEach(async (chunk: ChunkRef): Promise<readonly Interaction[]> => {
    const held = await books.read(query, book, chunk);
    if (held === undefined) lost.push(spanOf(chunk));
    return (held ?? []).filter((each) => isWithin(reach, positionOf(each).startedAt));
  });
  const chunks = chunksAfter(contents, reach, null);
  const tallies = await Promise.all(
    chunks.map(async (chunk) =>
      isInside(reach, chunk) ? chunk.tally : tallyOf(await read(chunk)),
    ),
  );
  const shown: Interaction[] = [];
  for (const chunk of chunksAfter(contents, reach, after)) {
    if (shown.length > limit) break;
    const rows = await read(chunk);
    shown.push(...rows.filter((each) => !after || comparePositions(positionOf(each), after) > 0));
  }
  const interactions = shown.slice(0, limit);
  const last = interactions.at(-1);
  const tally = addTallies(tallies);
  const result = {
    gaps: gapsOf(need, contents, { missing: [...missing, ...lost], now }),
    interactions,
    insights: insightsFor(need, contents, tally.interactions),
    derived: derivedFrom(tally),
    next: last && shown.length > limit ? positionOf(last) : null,
  };
  return { result, lost };
}

/** Reads all that belongs to the reach of a need, in no order, with the gaps in it. `now` in Unix milliseconds. */
export async function readAll(
  need: Need,
  { book, missing }: Pick<HeldHistory, 'book' | 'missing'>,
  { books, now }: { books: Books; now: number },
): Promise<{
  result: { interactions: readonly Interaction[]; gaps: readonly Gap[] };
  lost: readonly Span[];
}> {
  const { query, reach } = need;
  const chunks = chunksAfter(book.contents, reach, null);
  const read = await Promise.all(chunks.map((chunk) => books.read(query, book, chunk)));
  const lost = chunks.filter((_, index) => read[index] === undefined).map(spanOf);
  const interactions = read
    .flatMap((draft = []) => draft)
    .filter((each) => isWithin(reach, positionOf(each).startedAt));
  const gaps = gapsOf(need, book.contents, { missing: [...missing, ...lost], now });
  return { result: { interactions, gaps }, lost };
}

/** The gap that a whole reach is. `now` in Unix milliseconds. */
export function gapsOfAll({ reach: { fromAt, toAt } }: Need, now: number): readonly Gap[] {
  return [{ startTime: isoInstant(fromAt), endTime: isoInstant(Math.min(toAt, now)) }];
}

/** The chunks with something of a reach that comes after a position; newest first. */
export function chunksAfter({ chunks }: Contents, reach: Reach, after: Position | null) {
  return chunks.filter((chunk) => reaches(reach, chunk) && !(after && isBefore(chunk, after)));
}

/** Where something may be missing: what could not be asked for, and what holds more than the vendor tells. */
export function gapsOf(
  need: Need,
  contents: Contents,
  { missing, now }: { readonly missing: readonly Span[]; readonly now: number },
): readonly Gap[] {
  const { fromAt, toAt } = need.reach;
  const flawed = contents.covered.filter(({ isWhole }) => !isWhole);
  const spans = clipSpans([...flawed, ...missing], need.span);
  // By what ended in a span, what is missing may have started as much as a day before it.
  const earlier = contents.isByStart ? 0 : LONGEST_SECONDS;
  const starts = joinSpans(spans.map(({ from, to }) => ({ from: from - earlier, to })));
  const last = Math.min(toAt, now);
  return starts
    .map(({ from, to }) => ({ from: Math.max(from * 1000, fromAt), to: Math.min(to * 1000, last) }))
    .filter(({ from, to }) => from <= to)
    .map(({ from, to }) => ({ startTime: isoInstant(from), endTime: isoInstant(to) }));
}

/** The vendor's aggregates, if they are about exactly what is shown. */
function insightsFor({ query }: Need, { insights }: Contents, interactions: number) {
  if (insights === null || insights.interactions !== interactions) return null;
  const isSame = JSON.stringify(insights.timeRange) === JSON.stringify(query.timeRange);
  return isSame ? insights.value : null;
}

function reaches({ fromAt, toAt }: Reach, { newest, oldest }: ChunkRef): boolean {
  return newest === null || oldest === null || (newest >= fromAt && oldest <= toAt);
}

function isInside({ fromAt, toAt }: Reach, { newest, oldest }: ChunkRef): boolean {
  return newest === null || oldest === null || (oldest >= fromAt && newest <= toAt);
}

/** Whether all of a chunk was shown when the page before ended at this position. */
function isBefore({ oldest }: ChunkRef, { startedAt }: Position): boolean {
  return oldest !== null && (startedAt === null || oldest > startedAt);
}
