// The contract of a store: a few verbs that memory and Redis both fulfil.
import type { CacheKey } from '../domain/cache-key.ts';
import type { Entry } from './entry.ts';

/** Keeps entries until their `deleteAt`. */
export interface Store {
  /** The entry if there is one that has not expired. */
  read(key: CacheKey): Promise<Entry | undefined>;
  /** Keeps an entry in the place of an older one; false if it is too large, and then neither is kept. */
  write(key: CacheKey, entry: Entry): Promise<boolean>;
}
