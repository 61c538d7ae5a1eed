// A whole history as a stream: newest first, fetched round by round, so that little of it is in memory at a time.
import type { CustomerQuery } from '../domain/customer-query.ts';
import {
  comparePositions,
  type ExportPart,
  isWithin,
  type Position,
  positionOf,
  spanToAsk,
} from '../domain/history.ts';
import type { Interaction } from '../domain/interaction.ts';
import type { Context, Source } from '../domain/source.ts';
import type { Span } from '../domain/span.ts';
import type { HeldHistory, Histories } from './histories.ts';
import type { Books } from './history-book.ts';
import { type ChunkRef, spanOf } from './history-chunks.ts';
import { type Need, needOf } from './history-need.ts';
import { chunksAfter, gapsOf } from './history-page.ts';

/** What an export is made from. */
interface ExportOptions {
  readonly books: Books;
  readonly histories: Histories;
  /** The most calls to the vendor for one export. */
  readonly maxCalls: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
}

/** How far an export has come. */
interface Progress {
  held: HeldHistory;
  calls: number;
  interactions: number;
  /** The last interaction that was given out. */
  after: Position | null;
  /** Nothing more is fetched. */
  isOver: boolean;
  /** What is not held and could not be had again, by the tags of its chunks. */
  readonly lost: Map<string, Span>;
}

/** Calls of the first round: few, so that something is given out soon. Each further round has twice as many. */
const FIRST_ROUND_CALLS = 8;
/** What they bring is in memory at once. */
const MOST_ROUND_CALLS = 64;

/**
 * Creates the source of exports. The first round is over before it answers; what is not read is not fetched.
 * @throws {Problem} if nothing can be had
 */
export function createHistoryExport(
  options: ExportOptions,
): Source<CustomerQuery, AsyncIterable<ExportPart>> {
  const { histories, now, maxCalls } = options;
  return async (query, given) => {
    const context: Context = { ...given, priority: 'export' };
    const { refresh } = context;
    const need = needOf(query, { at: now(), now, refresh, maxCalls });
    const held = await histories({ ...need, maxCalls: FIRST_ROUND_CALLS }, context);
    return partsOf(need, held, { ...options, context });
  };
}

async function* partsOf(
  need: Need,
  held: HeldHistory,
  options: ExportOptions & { readonly context: Context },
): AsyncGenerator<ExportPart, void> {
  const { books, histories, context, now } = options;
  const { calls } = held;
  const progress: Progress = {
    held,
    calls,
    interactions: 0,
    after: null,
    isOver: false,
    lost: new Map(),
  };
  /** How often something was tried to read chunks that are not held, by their tags. */
  const attempts = new Map<string, number>();
  let roundCalls = FIRST_ROUND_CALLS;

  const fetchRound = async (again: readonly Span[]) => {
    const before = frontOf(progress.held);
    const maxCalls = Math.min(roundCalls, need.maxCalls - progress.calls);
    roundCalls = Math.min(2 * roundCalls, MOST_ROUND_CALLS);
    const span = restOf(need, progress.after);
    progress.held = await histories({ ...need, span, lost: again, maxCalls }, context);
    progress.calls += progress.held.calls;
    const isStuck = progress.held.failure !== null && frontOf(progress.held) >= before;
    progress.isOver ||= isStuck || progress.calls >= need.maxCalls;
  };

  /** A chunk may have been written anew by others, or dropped; then it is fetched again. */
  const recover = async (chunk: ChunkRef) => {
    const attempt = attempts.get(chunk.etag) ?? 0;
    attempts.set(chunk.etag, attempt + 1);
    if (attempt === 0) return fetchRound([]);
    if (attempt === 1 && !progress.isOver) return fetchRound([spanOf(chunk)]);
    progress.lost.set(chunk.etag, spanOf(chunk));
  };

  for (;;) {
    const gone = yield* readOn(need, progress, books);
    if (gone) await recover(gone);
    else if (progress.isOver) break;
    else if (progress.held.missing.length === 0) progress.isOver = true;
    else await fetchRound([]);
  }
  const missing = [...progress.held.missing, ...progress.lost.values()];
  const gaps = gapsOf(need, progress.held.book.contents, { missing, now: now() });
  yield { interactions: progress.interactions, gaps };
}

/** Gives out what is complete and was not given out yet. Returns the chunk that is not held, where it ends with one. */
async function* readOn(
  { query, reach }: Need,
  progress: Progress,
  books: Books,
): AsyncGenerator<readonly Interaction[], ChunkRef | undefined> {
  const { held } = progress;
  const fromAt = progress.isOver ? null : frontOf(held) * 1000;
  for (const chunk of chunksAfter(held.book.contents, reach, progress.after)) {
    if (fromAt !== null && (chunk.newest === null || chunk.newest < fromAt)) return undefined;
    if (progress.lost.has(chunk.etag)) continue;
    const rows = await books.read(query, held.book, chunk);
    if (rows === undefined) return chunk;
    const { after } = progress;
    const shown = rows.filter((each) => {
      const position = positionOf(each);
      const isComplete = fromAt === null || (position.startedAt ?? -1) >= fromAt;
      const isNext = after === null || comparePositions(position, after) > 0;
      return isComplete && isNext && isWithin(reach, position.startedAt);
    });
    const last = shown.at(-1);
    if (last === undefined) continue;
    progress.after = positionOf(last);
    progress.interactions += shown.length;
    yield shown;
  }
  return undefined;
}

/** What is still to be had after a position: nothing newer, even if that is not held any more. */
function restOf({ span: { from, to } }: Need, after: Position | null): Span {
  if (after === null) return { from, to };
  const { to: rest } = spanToAsk({ fromAt: from, toAt: after.startedAt ?? 0 }, to);
  return { from, to: Math.max(rest, from + 1) };
}

/** What started at or after this second, in Unix seconds, is complete: nothing that ended since is missing. */
function frontOf({ missing }: Pick<HeldHistory, 'missing'>): number {
  return missing.at(-1)?.to ?? Number.NEGATIVE_INFINITY;
}
