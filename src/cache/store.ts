// The contract of a store: a few verbs that memory and Redis both fulfil.
import type { CacheKey, CacheKind } from '../domain/cache-key.ts';
import type { Entry } from './entry.ts';

/** What a store holds for a key. */
export interface Kept {
  /** The entry if there is one that has not expired. */
  readonly entry: Entry | undefined;
  /** The identity's generation: raised by each erasure, so that what was fetched before is not kept after. */
  readonly generation: number;
}

/** Keeps entries until their `deleteAt`. */
export interface Store {
  read(key: CacheKey): Kept | Promise<Kept>;
  /**
   * Keeps an entry in the place of an older one; false if it is too large, and then neither is kept, or if the
   * identity has been erased since it had this generation.
   */
  write(key: CacheKey, entry: Entry, generation: number): boolean | Promise<boolean>;
  /** Removes all that is held about an identity, and returns its new generation. */
  erase(identity: string): number | Promise<number>;
}

/** An identity holds at most so many entries of a kind; the older ones make room. */
export const MAX_ENTRIES: Readonly<Record<CacheKind, number>> = {
  range: 64,
  joined: 64,
  summary: 256,
  // One for each crmId.
  history: 2,
  chunk: 2048,
};
