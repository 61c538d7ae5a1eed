// What is held of one customer's history: a list of contents, and chunks of interactions, each an entry of its own.
import type { CacheKeys } from '../domain/cache-key.ts';
import { type Covered, uncover } from '../domain/coverage.ts';
import type { Insights } from '../domain/customer.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import type { Instants } from '../domain/freshness.ts';
import type { Tier } from '../domain/source.ts';
import { subtractSpans } from '../domain/span.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { createEntry, type Entry } from './entry.ts';
import {
  applyChange,
  arrange,
  type Change,
  type ChunkRef,
  type Draft,
  decodeChunk,
  describe,
  encodeChunk,
  spanOf,
  touching,
} from './history-chunks.ts';
import type { Look, Tiers } from './tiers.ts';

/** The list of contents. */
export interface Contents {
  readonly covered: readonly Covered[];
  /** Newest first; those without a start last. */
  readonly chunks: readonly ChunkRef[];
  /** The vendor's own aggregates, if the last fetch was one call that held everything of a range. */
  readonly insights: KeptInsights | null;
  /** True once an answer has shown that the vendor does not look at when interactions end. */
  readonly isByStart: boolean;
}

/** The vendor's aggregates, and what they are about: a range as it was, and so many interactions. */
export interface KeptInsights {
  readonly timeRange: TimeRange;
  readonly interactions: number;
  readonly value: Insights | null;
}

/** A history as it is held, or was just written. */
export interface Book {
  readonly contents: Contents;
  readonly tier: Tier;
  /** What was just written, by tag, whether it could be kept or not. */
  readonly fresh: ReadonlyMap<string, Draft>;
  readonly isStored: boolean;
}

/** Reads and writes books. */
export interface Books {
  /** The book as this process knows it. */
  open(query: CustomerQuery): Promise<Book>;
  /** What is known after a look into Redis, to be written over. */
  look(query: CustomerQuery): Promise<{ readonly book: Book; readonly look: Look }>;
  /** The interactions of a chunk; undefined if it is not held any more. */
  read(query: CustomerQuery, book: Book, chunk: ChunkRef): Promise<Draft | undefined>;
  write(query: CustomerQuery, before: { book: Book; look: Look }, writing: Writing): Promise<Book>;
}

/** What is new in a book. */
export interface Writing {
  readonly change: Change;
  readonly contents: Omit<Contents, 'chunks'>;
  /** Even if nothing in it may be used without asking: in Unix milliseconds. */
  readonly keepUntil: number;
}

interface BookOptions {
  readonly keys: Pick<CacheKeys, 'history' | 'chunk'>;
  readonly tiers: Tiers;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
}

const EMPTY: Contents = { covered: [], chunks: [], insights: null, isByStart: false };

/** Creates what reads and writes them. */
export function createBooks({ keys, tiers, now }: BookOptions): Books {
  const parsed = new WeakMap<Entry, Contents>();

  const bookOf = (held: { readonly entry: Entry; readonly tier: Tier } | undefined): Book => {
    const rest = { fresh: new Map(), isStored: true };
    if (held === undefined) return { contents: EMPTY, tier: 'memory', ...rest };
    const { entry, tier } = held;
    const contents = parsed.get(entry) ?? (JSON.parse(entry.body.toString()) as Contents);
    parsed.set(entry, contents);
    return { contents, tier, ...rest };
  };

  const found = ({ entry, tier }: Look) => (entry ? { entry, tier } : undefined);

  const read: Books['read'] = async (query, book, { slot, etag }) => {
    const fresh = book.fresh.get(etag);
    if (fresh) return fresh;
    const key = keys.chunk(query, slot);
    const held = (await tiers.recall(key))?.entry;
    const entry = held?.etag === etag ? held : (await tiers.look(key)).entry;
    return entry?.etag === etag ? decodeChunk(entry.body) : undefined;
  };

  /** Keeps drafts in slots that are free. */
  const keepDrafts = async (
    query: CustomerQuery,
    arranged: readonly (ChunkRef | Draft)[],
    { look, instants }: { readonly look: Look; readonly instants: Instants },
  ) => {
    const taken = new Set(arranged.filter(isChunkRef).map(({ slot }) => slot));
    const fresh = new Map<string, Draft>();
    let next = 0;
    const freeSlot = () => {
      while (taken.has(next)) next += 1;
      taken.add(next);
      return next;
    };
    const keeping = arranged.map(async (each) => {
      if (isChunkRef(each)) return each;
      const slot = freeSlot();
      const entry = createEntry(encodeChunk(each), instants);
      fresh.set(entry.etag, each);
      await tiers.write(keys.chunk(query, slot), entry, look);
      return describe(each, { slot, etag: entry.etag });
    });
    return { chunks: await Promise.all(keeping), fresh };
  };

  return {
    read,
    async open(query) {
      const key = keys.history(query);
      const held = await tiers.recall(key);
      return bookOf(held ?? found(await tiers.look(key)));
    },
    async look(query) {
      const look = await tiers.look(keys.history(query));
      return { book: bookOf(found(look)), look };
    },
    async write(query, { book, look }, { change, contents, keepUntil }) {
      const { chunks: before } = book.contents;
      const isTouched = touching(change);
      const touched = before.filter(isTouched);
      const held = await Promise.all(touched.map((chunk) => read(query, book, chunk)));
      const lost = touched.filter((_, index) => held[index] === undefined).map(spanOf);
      const rows = applyChange(
        held.flatMap((draft) => draft ?? []),
        change,
      );
      const arranged = arrange(
        before.filter((chunk) => !touched.includes(chunk)),
        rows,
      );
      const covered = uncover(contents.covered, subtractSpans(lost, change.told));
      const instants = instantsOf(covered, { fetchedAt: now(), keepUntil });
      const { chunks, fresh } = await keepDrafts(query, arranged, { look, instants });
      const written = { ...contents, covered, chunks };
      const entry = createEntry(Buffer.from(JSON.stringify(written)), instants);
      parsed.set(entry, written);
      const isStored = await tiers.write(keys.history(query), entry, look);
      return { contents: written, tier: 'memory', fresh, isStored };
    },
  };
}

function isChunkRef(each: ChunkRef | Draft): each is ChunkRef {
  return 'slot' in each;
}

/** A book is kept for as long as any part of it may be used, or helps to ask for the rest. */
function instantsOf(
  covered: readonly Covered[],
  { fetchedAt, keepUntil }: { readonly fetchedAt: number; readonly keepUntil: number },
): Instants {
  const deleteAt = Math.max(keepUntil, ...covered.map((each) => each.deleteAt));
  const staleAt = Math.max(fetchedAt, ...covered.map((each) => each.staleAt));
  return { fetchedAt, staleAt, revalidateUntil: deleteAt, deleteAt };
}
