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

/** An entry with its weight when it was last weighed: it grows as representations are made. */
interface Weighed {
  readonly entry: Entry;
  readonly bytes: number;
}

/** Creates a store that forgets the least recently used entries when `maxBytes` is reached. */
export function createMemoryStore({ maxBytes, maxEntryBytes, now }: MemoryStoreOptions): Store {
  const entries = new LRUCache<string, Weighed>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes,
  });
  return {
    async read(key) {
      const name = key.identity + key.field;
      const held = entries.get(name);
      if (held === undefined) return undefined;
      const { entry, bytes } = held;
      if (freshness(entry.instants, now()) === 'expired') {
        entries.delete(name);
        return undefined;
      }
      if (weigh(entry) !== bytes) entries.set(name, { entry, bytes: weigh(entry) });
      return entry;
    },
    async write(key, entry) {
      const name = key.identity + key.field;
      entries.delete(name);
      if (entry.body.length > maxEntryBytes) return false;
      entries.set(name, { entry, bytes: weigh(entry) });
      return entries.has(name);
    },
  };
}

function weigh({ body, representations }: Entry): number {
  return body.length + representations.bytes() + OVERHEAD_BYTES;
}
