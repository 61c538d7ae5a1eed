// Plans in which parts a long range is asked for, past the most rows that the vendor tells of at once. Full parts are
// split where the data is: by the instants seen, and by how densely rows lay in the parts before.
import { createInstants, type Instants } from './instants.ts';
import { joinSpans, type Span } from './span.ts';

/** A part with so many rows may hold more. */
export const FULL_ROWS = 50;

/** What the vendor told about a part. */
export interface PartAnswer {
  /** As the vendor counted them, doubles included. */
  readonly rows: number;
  /** When those started that can be read, in Unix seconds. */
  readonly instants: readonly number[];
}

/** What the answer to a part means: all is told, it is split, or it cannot be split and may hold more. */
export type Verdict = 'proven' | 'split' | 'gap';

/** What is asked next, until nothing is left. Parts that are told or gaps, and what is left, make up the whole. */
export interface SplitPlan {
  /** A part to ask for now; undefined if it is better to wait for those under way, or nothing is left. */
  next(): Span | undefined;
  /** Takes the answer to a part that `next` gave. */
  told(part: Span, answer: PartAnswer): Verdict;
  /** What is neither told nor a gap: disjoint spans, oldest first. */
  rest(): readonly Span[];
}

interface SplitPlanOptions {
  readonly spans: readonly Span[];
  /** The most parts under way at once. */
  readonly lanes: number;
  /** Starts of interactions that are known already, in Unix seconds. */
  readonly seen?: readonly number[];
}

/** A stretch that is asked for part by part, from its newer end on. */
interface Stretch {
  readonly from: number;
  /** The end of what has not been asked for. */
  to: number;
  /** How densely its last parts were filled; null as long as none has told. */
  pace: Pace | null;
  /** The rows that are reckoned with until then. */
  readonly guess: number;
  /** How many of its parts may be under way at once: the more, the better the last ones were foreseen. */
  window: number;
  underWay: number;
}

interface Pace {
  readonly rows: number;
  readonly seconds: number;
}

/** A part under way. */
interface Asked {
  readonly stretch: Stretch;
  /** The rows that it should hold; null if nobody knows. */
  readonly expected: number | null;
}

/** So many rows are aimed at: of parts that hold as many on average, one in thirty is full and has to be split. */
const AIMED_ROWS = 38;
/** What a part holds, about, that should not have been full, and yet is. */
const OVERFULL_ROWS = 54;
/** An expectation of fewer rows was none, where a part is full. */
const SURPRISED_ROWS = 25;
/** A part with less than this share of what was expected: the pace before it is forgotten. */
const FAR_OFF = 1 / 3;
/** A pace of fewer rows tells nothing about what comes next. */
const FEW_ROWS = 12;
/** How much of a pace is kept beside the next answer. */
const MEMORY = 0.85;
/** Into so many a full part is cut where nothing is known. */
const BLIND_PARTS = 4;

/** Creates a plan. It begins at the newer end, and asks for few parts at once until it knows how large they have to be. */
export function createSplitPlan({ spans, lanes, seen = [] }: SplitPlanOptions): SplitPlan {
  const known = createInstants(seen);
  const asked = new Map<Span, Asked>();
  /** Newest first. */
  let stretches = joinSpans(spans)
    .map((span) => stretchOf(span, 0))
    .reverse();

  const split = (part: Span, { stretch, expected }: Asked, instants: readonly number[]) => {
    // Where nobody knew, and nothing behind it was asked for, the stretch goes on from there in smaller parts.
    const isGoingOn = expected === null && stretch.to === part.from;
    const rest = isGoingOn ? { from: stretch.from, to: part.to } : part;
    if (isGoingOn) stretches = stretches.filter((each) => each !== stretch);
    const isSurprise = expected === null || expected < SURPRISED_ROWS;
    const guess = isSurprise ? guessOf(rest, part, instants) : OVERFULL_ROWS;
    stretches.push(stretchOf(rest, guess));
    stretches.sort((a, b) => b.to - a.to);
  };

  return {
    next() {
      if (asked.size >= lanes) return undefined;
      const stretch = stretches.find(({ underWay, window }) => underWay < window);
      if (stretch === undefined) return undefined;
      const part = { from: cutOf(stretch, known), to: stretch.to };
      asked.set(part, { stretch, expected: expectedIn(part, stretch) });
      stretch.to = part.from;
      stretch.underWay += 1;
      if (stretch.from === stretch.to) stretches = stretches.filter((each) => each !== stretch);
      return part;
    },
    told(part, { rows, instants }) {
      const told = asked.get(part);
      if (told === undefined) throw new Error('This part was not asked for');
      asked.delete(part);
      told.stretch.underWay -= 1;
      learn(told, part, { rows, lanes });
      if (rows < FULL_ROWS) return 'proven';
      if (part.to - part.from <= 1) return 'gap';
      known.add(instants);
      split(part, told, instants);
      return 'split';
    },
    rest: () => joinSpans([...stretches, ...asked.keys()].map(({ from, to }) => ({ from, to }))),
  };
}

function stretchOf({ from, to }: Span, guess: number): Stretch {
  return { from, to, pace: null, guess, window: 1, underWay: 0 };
}

/** Where the next part of a stretch begins: it holds as many rows as are aimed at by its pace, and not more than seen. */
function cutOf({ from, to, pace, guess }: Stretch, known: Instants): number {
  const rows = pace ? rowsIn({ from, to }, pace) : guess;
  const parts = Math.max(1, Math.ceil(rows / AIMED_ROWS));
  const byPace = to - Math.ceil((to - from) / parts);
  const bySeen = Math.floor(known.nthBefore(to, AIMED_ROWS + 1)) + 1;
  return Math.min(Math.max(from, byPace, bySeen), to - 1);
}

/** The rows to reckon with in what is left with a full part: as densely as they were seen from its newer end on. */
function guessOf(rest: Span, part: Span, instants: readonly number[]): number {
  const inside = instants.filter((at) => at >= part.from && at < part.to);
  const seen = inside.length / (part.to - Math.min(...inside, part.to) + 1);
  const blind = (BLIND_PARTS * AIMED_ROWS) / (part.to - part.from);
  return Math.max(blind, seen) * (rest.to - rest.from);
}

function expectedIn(part: Span, { pace }: Stretch): number | null {
  return pace === null || pace.rows < FEW_ROWS ? null : rowsIn(part, pace);
}

function rowsIn({ from, to }: Span, { rows, seconds }: Pace): number {
  return ((to - from) * rows) / seconds;
}

/** What comes as foreseen lets more parts be under way, and is added to the pace; what does not begins anew. */
function learn(
  { stretch, expected }: Asked,
  { from, to }: Span,
  { rows, lanes }: { readonly rows: number; readonly lanes: number },
): void {
  const isFull = rows >= FULL_ROWS;
  const isFirst = stretch.pace === null;
  const isFarOff = expected !== null && rows < expected * FAR_OFF;
  const isForeseen = !isFull && !isFarOff && (isFirst || expected !== null);
  stretch.window = isForeseen
    ? Math.min(lanes, stretch.window + 1)
    : Math.max(1, stretch.window >> 1);
  if (isFull && (expected === null || expected < SURPRISED_ROWS)) return;
  const before = isFarOff || stretch.pace === null ? { rows: 1, seconds: 0 } : stretch.pace;
  stretch.pace = {
    rows: before.rows * MEMORY + (isFull ? OVERFULL_ROWS : rows),
    seconds: before.seconds * MEMORY + to - from,
  };
}
