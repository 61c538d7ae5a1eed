// The memory tier: entries of this process, bounded in bytes.
import { LRUCache } from 'lru-cache';
import { freshness } from '../domain/freshness.ts';
import type { Entry } from './entry.ts';
import type { Store } from './store.ts';

interface MemoryStoreOptions {
  readonly maxBytes: number;
  readonly maxEntryBytes: number;
  readonly now: () => number;
}

/** What an entry costs beside its bytes: key, buffer, instants and map, measured roughly. */
const OVERHEAD_BYTES = 1024;

/** Creates a store that forgets the least recently used entries when `maxBytes` is reached. */
export function createMemoryStore({ maxBytes, maxEntryBytes, now }: MemoryStoreOptions): Store {
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: (entry) => entry.body.length + OVERHEAD_BYTES,
  });
  return {
    async read(key) {
      const name = key.identity + key.field;
      const entry = entries.get(name);
      if (entry === undefined || freshness(entry.instants, now()) !== 'expired') return entry;
      entries.delete(name);
      return undefined;
    },
    async write(key, entry) {
      if (entry.body.length > maxEntryBytes) return false;
      entries.set(key.identity + key.field, entry);
      return true;
    },
  };
}
