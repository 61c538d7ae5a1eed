// The memory tier: entries of this process, bounded in bytes. What is held about one identity lies together.
import { LRUCache } from 'lru-cache';
import type { CacheKey, CacheKind } from '../domain/cache-key.ts';
import { freshness } from '../domain/freshness.ts';
import { type Entry, succeed } from './entry.ts';
import type { Place } from './place.ts';
import { type Kept, MAX_ENTRIES, type Store } from './store.ts';

/** An entry in memory, with what is known about it beside its content. */
export interface Remembered {
  readonly entry: Entry;
  readonly tier: 'memory';
  /** When it was last known to be what Redis holds, in Unix milliseconds. */
  checkedAt: number;
  /** The identity's generation in Redis when it was written. */
  readonly sharedGeneration: number;
}

/** An identity's generation in this process, and in Redis (0 without it). */
export interface Generations {
  readonly local: number;
  readonly shared: number;
}

/** The store of this process: what it holds is at hand without waiting. Generations are its own, too. */
export interface MemoryStore extends Store {
  read(key: CacheKey): Kept;
  write(key: CacheKey, entry: Entry, generation: number): boolean;
  erase(identity: string): number;
  /** Writes, and returns what is held then; undefined where `write` says false. */
  keep(key: CacheKey, entry: Entry, generations: Generations): Remembered | undefined;
  generationOf(identity: string): number;
  /** The entry with what is known about it, if there is one that has not expired. */
  recall(place: Place): Remembered | undefined;
}

interface MemoryStoreOptions {
  readonly maxBytes: number;
  readonly maxEntryBytes: number;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
}

interface Slot extends Remembered {
  readonly field: string;
  readonly kind: CacheKind;
  bytes: number;
}

/** What is held about one identity, oldest first: a few entries, for which a map would cost more than it saves. */
interface Shelf {
  readonly slots: readonly Slot[];
  readonly bytes: number;
}

const EMPTY: Shelf = { slots: [], bytes: 0 };

/**
 * What an entry, a representation and an identity take beside the bytes of bodies: objects, keys, and the room that
 * the heap and the allocator need around them; as measured by `npm run bench -- memory`.
 */
const SLOT_OVERHEAD_BYTES = 3072;
const REPRESENTATION_OVERHEAD_BYTES = 2560;
const SHELF_OVERHEAD_BYTES = 768;
/** So many erasures are remembered, for the fetches that were under way. */
const MAX_ERASURES = 10_000;

/** Creates a store that forgets the least recently used identities when `maxBytes` is reached. */
export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const { maxBytes, maxEntryBytes, now } = options;
  const shelves = new LRUCache<string, Shelf>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes,
  });
  const erasures = new LRUCache<string, number>({ max: MAX_ERASURES });
  const generationOf = (identity: string) => erasures.get(identity) ?? 0;

  /** Always another object: a shelf that is set again as it is would not be weighed again. */
  const put = (identity: string, slots: readonly Slot[]) => {
    const bytes = slots.reduce((sum, slot) => sum + slot.bytes, SHELF_OVERHEAD_BYTES);
    if (slots.length === 0) shelves.delete(identity);
    else shelves.set(identity, { slots, bytes });
  };

  const recall = ({ identity, field }: Place): Remembered | undefined => {
    const { slots } = shelves.get(identity) ?? EMPTY;
    const slot = slotOf(slots, field);
    if (slot === undefined) return undefined;
    if (freshness(slot.entry.instants, now()) === 'expired') {
      put(identity, without(slots, field));
      return undefined;
    }
    return slot;
  };

  /** Representations are made after an entry is kept, and are to be counted, asked for again or not. */
  const weighAgain = ({ identity, field }: Place) => {
    const { slots } = shelves.peek(identity) ?? EMPTY;
    const slot = slotOf(slots, field);
    if (slot === undefined) return;
    slot.bytes = weigh(slot.entry);
    put(identity, slots);
  };

  const keep = (key: CacheKey, entry: Entry, generations: Generations) => {
    const { identity, field, kind } = key;
    if (generations.local !== generationOf(identity)) return undefined;
    const { slots } = shelves.peek(identity) ?? EMPTY;
    const others = without(slots, field);
    if (entry.body.length > maxEntryBytes) return void put(identity, others);
    const older = slotOf(slots, field)?.entry;
    const slot = newSlot(key, succeed(older, entry), {
      checkedAt: now(),
      sharedGeneration: generations.shared,
    });
    put(identity, [...withRoomFor(kind, others), slot]);
    slot.entry.representations.onGrowth = () => weighAgain({ identity, field });
    return shelves.has(identity) ? slot : undefined;
  };

  return {
    recall,
    keep,
    generationOf,
    read(key) {
      return { entry: recall(key)?.entry, generation: generationOf(key.identity) };
    },
    write(key, entry, generation) {
      return keep(key, entry, { local: generation, shared: 0 }) !== undefined;
    },
    erase(identity) {
      const generation = generationOf(identity) + 1;
      erasures.set(identity, generation);
      shelves.delete(identity);
      return generation;
    },
  };
}

function newSlot(
  { field, kind }: CacheKey,
  entry: Entry,
  known: Pick<Slot, 'checkedAt' | 'sharedGeneration'>,
): Slot {
  return { field, kind, entry, tier: 'memory', bytes: weigh(entry), ...known };
}

function slotOf(slots: readonly Slot[], field: string): Slot | undefined {
  return slots.find((slot) => slot.field === field);
}

function without(slots: readonly Slot[], field: string): readonly Slot[] {
  return slots.filter((slot) => slot.field !== field);
}

/** The slots without the oldest of a kind, as far as there is no room for one more. */
function withRoomFor(kind: CacheKind, slots: readonly Slot[]): readonly Slot[] {
  let excess = slots.filter((slot) => slot.kind === kind).length + 1 - MAX_ENTRIES[kind];
  return slots.filter((slot) => {
    if (slot.kind !== kind || excess <= 0) return true;
    excess -= 1;
    return false;
  });
}

function weigh({ body, representations }: Entry): number {
  const overhead = SLOT_OVERHEAD_BYTES + representations.count * REPRESENTATION_OVERHEAD_BYTES;
  return body.length + representations.bytes + overhead;
}
