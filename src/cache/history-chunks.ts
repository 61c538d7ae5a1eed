// How a long history is cut into chunks, each of which is kept for itself, so that a change rewrites only a few.

import {
  comparePositions,
  LONGEST_SECONDS,
  NO_END,
  type Position,
  positionOf,
} from '../domain/history.ts';
import type { Interaction } from '../domain/interaction.ts';
import type { Span } from '../domain/span.ts';
import { type Tally, tallyOf } from '../domain/tally.ts';

/** A chunk that is kept, as the list of contents knows it. Chunks do not overlap. */
export interface ChunkRef {
  /** By which it is found; a chunk in the place of this one has the same. */
  readonly slot: number;
  /** The tag of its body: another one is not this chunk. */
  readonly etag: string;
  /** When its first and its last interaction started, in Unix milliseconds; null in a chunk of those without a start. */
  readonly newest: number | null;
  /** Of its first interaction: others that started with it may stand in the chunk before. */
  readonly firstId: string;
  readonly oldest: number | null;
  readonly tally: Tally;
}

/** A chunk that is not kept yet: interactions in the order in which they are shown. */
export type Draft = readonly Interaction[];

/** What is to be written into a history. */
export interface Change {
  /** The interactions that came. */
  readonly interactions: readonly Interaction[];
  /** The vendor told everything that started or ended in these; with `NO_END` all up to that moment. */
  readonly told: readonly Span[];
}

const CHUNK_ROWS = 100;
/** Smaller ones are joined with others when something is written. */
const SMALL_CHUNK_ROWS = 25;

/** Tells whether writing a change means writing a chunk anew. */
export function touching({ interactions, told }: Change): (chunk: ChunkRef) => boolean {
  const starts = interactions.map((each) => positionOf(each).startedAt);
  const hasUndated = starts.includes(null);
  const isAmong = (at: number | null, oldest: number, newest: number) =>
    at !== null && at >= oldest && at <= newest;
  return ({ newest, oldest, tally }) => {
    if (newest === null || oldest === null) return hasUndated;
    return (
      tally.interactions < SMALL_CHUNK_ROWS ||
      told.some(
        ({ from, to }) => newest >= (from - LONGEST_SECONDS) * 1000 && oldest < to * 1000,
      ) ||
      starts.some((at) => isAmong(at, oldest, newest))
    );
  };
}

/** The interactions of touched chunks after a change: what the vendor no longer tells is gone, what came is newer. */
export function applyChange(held: readonly Interaction[], change: Change): readonly Interaction[] {
  const changed = new Map(change.interactions.map((each) => [each.id, each]));
  const kept = held.filter((each) => !changed.has(each.id) && !isGone(each, change));
  return [...kept, ...changed.values()];
}

/** Chunks as they are, and drafts of the interactions between them; newest first. */
export function arrange(
  chunks: readonly ChunkRef[],
  interactions: readonly Interaction[],
): readonly (ChunkRef | Draft)[] {
  const sorted = [...interactions].sort((a, b) => comparePositions(positionOf(a), positionOf(b)));
  const arranged: (ChunkRef | Draft)[] = [];
  let at = 0;
  const draftUntil = (isBefore: (each: Interaction) => boolean) => {
    const from = at;
    for (let each = sorted[at]; each && isBefore(each); each = sorted[at]) at += 1;
    arranged.push(...evenly(sorted.slice(from, at)));
  };
  for (const chunk of chunks) {
    const first: Position = { startedAt: chunk.newest, id: chunk.firstId };
    draftUntil((each) => comparePositions(positionOf(each), first) < 0);
    arranged.push(chunk);
  }
  draftUntil(() => true);
  return arranged;
}

/** What the list of contents says about a draft that is kept. */
export function describe(draft: Draft, kept: Pick<ChunkRef, 'slot' | 'etag'>): ChunkRef {
  const starts = draft.map((each) => positionOf(each).startedAt);
  return {
    ...kept,
    newest: starts[0] ?? null,
    firstId: draft[0]?.id ?? '',
    oldest: starts.at(-1) ?? null,
    tally: tallyOf(draft),
  };
}

/** Where nothing is known any more without a chunk, whether by the starts or by the ends of its interactions. */
export function spanOf({ newest, oldest }: ChunkRef): Span {
  if (newest === null || oldest === null) return { from: 0, to: NO_END };
  const to = Math.floor(newest / 1000) + 1 + LONGEST_SECONDS;
  return { from: Math.floor(oldest / 1000), to };
}

/** One interaction a line. */
export function encodeChunk(draft: Draft): Buffer {
  return Buffer.from(draft.map((each) => JSON.stringify(each)).join('\n'));
}

/** The interactions of a chunk's body. */
export function decodeChunk(body: Buffer): Draft {
  return body
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as Interaction);
}

/** Whether the vendor would have told of an interaction, and has not. */
function isGone(interaction: Interaction, { told }: Change): boolean {
  const { startedAt } = positionOf(interaction);
  if (startedAt === null) return false;
  return told.some(({ from, to }) => {
    const endedBefore = to === NO_END ? to : to - LONGEST_SECONDS;
    return startedAt >= from * 1000 && startedAt < endedBefore * 1000;
  });
}

/** Those with a start and those without are never in one chunk. */
function evenly(interactions: readonly Interaction[]): readonly Draft[] {
  const dated = interactions.filter(({ startedAt }) => startedAt !== null);
  const undated = interactions.filter(({ startedAt }) => startedAt === null);
  return [dated, undated].flatMap((each) => {
    const count = Math.ceil(each.length / CHUNK_ROWS);
    const size = Math.ceil(each.length / count);
    return Array.from({ length: count }, (_, index) =>
      each.slice(index * size, (index + 1) * size),
    );
  });
}
