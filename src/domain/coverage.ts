// Which stretches of a customer's history are held, and for how long each may be used.
import { type Instants, instantsFrom } from './freshness.ts';
import { LONGEST_SECONDS } from './history.ts';
import { type Span, subtractSpans } from './span.ts';
import type { FreshnessPolicy } from './tenant.ts';

/** A stretch about which the vendor was asked. */
export interface Covered extends Span, Pick<Instants, 'fetchedAt' | 'staleAt' | 'deleteAt'> {
  /** False where it holds more than the vendor can tell: asking again would not help. */
  readonly isWhole: boolean;
}

/** How a stretch was covered. */
export interface Coverage {
  /** Unix milliseconds. */
  readonly fetchedAt: number;
  readonly isWhole: boolean;
  readonly policy: FreshnessPolicy;
  /** At least 0, less than 1. */
  readonly random: number;
}

/** Neighbours that end within this part of their fresh time become one, which ends with the first. */
const TOLERATED_PART = 1 / 16;

/** What is held once a span was asked about: what had settled by then is fresh for longer than what may still change. */
export function coverageOf(span: Span, { fetchedAt, isWhole, policy, random }: Coverage) {
  const { openMs, closedMs, settleMs, ...stale } = policy;
  // What began before, and went on, must have ended before it was asked about.
  const settledMs = Math.max(settleMs, LONGEST_SECONDS * 1000);
  const settledTo = Math.floor((fetchedAt - settledMs) / 1000);
  const cut = Math.min(Math.max(settledTo, span.from), span.to);
  const lasting = (part: Span, freshMs: number): Covered => {
    const { staleAt, deleteAt } = instantsFrom(fetchedAt, { freshMs, ...stale }, random);
    return { ...part, fetchedAt, staleAt, deleteAt, isWhole };
  };
  const settled = lasting({ from: span.from, to: cut }, closedMs);
  const open = lasting({ from: cut, to: span.to }, openMs);
  return [settled, open].filter(({ from, to }) => from < to);
}

/** What is held with something new in the place of what was held there; oldest first, neighbours alike joined. */
export function cover(held: readonly Covered[], news: readonly Covered[]): readonly Covered[] {
  const kept = held.flatMap((old) =>
    subtractSpans([old], news).map((span) => ({ ...old, ...span })),
  );
  const joined: Covered[] = [];
  for (const next of [...kept, ...news].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && isAlike(last, next)) joined[joined.length - 1] = joinCovered(last, next);
    else joined.push(next);
  }
  return joined;
}

/** What is held without some spans. */
export function uncover(held: readonly Covered[], lost: readonly Span[]): readonly Covered[] {
  return held.flatMap((each) => subtractSpans([each], lost).map((span) => ({ ...each, ...span })));
}

function isAlike(a: Covered, b: Covered): boolean {
  const toleratedMs = (b.staleAt - b.fetchedAt) * TOLERATED_PART;
  return (
    a.to === b.from && a.isWhole && b.isWhole && Math.abs(a.staleAt - b.staleAt) <= toleratedMs
  );
}

function joinCovered(a: Covered, b: Covered): Covered {
  return {
    from: a.from,
    to: b.to,
    isWhole: true,
    fetchedAt: Math.min(a.fetchedAt, b.fetchedAt),
    staleAt: Math.min(a.staleAt, b.staleAt),
    deleteAt: Math.min(a.deleteAt, b.deleteAt),
  };
}
