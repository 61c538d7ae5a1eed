// The cache layer: fresh in memory, fresh in Redis, or fetched and kept in both.
import type { CacheKey } from '../domain/cache-key.ts';
import { freshness } from '../domain/freshness.ts';
import type { Fetched, Layer, Provenance } from '../domain/source.ts';
import type { Emit } from '../telemetry/events.ts';
import { createEntry, type Entry } from './entry.ts';
import type { Store } from './store.ts';

/** A kept or freshly fetched answer, and where it came from. */
export interface Held {
  readonly entry: Entry;
  readonly provenance: Provenance;
}

/** The tiers in the order in which they are asked; `redis` is null without one. Neither rejects. */
export interface Tiers {
  readonly memory: Store;
  readonly redis: Store | null;
}

interface TieredCacheOptions<Query> {
  readonly keyOf: (query: Query) => CacheKey;
  readonly tiers: Tiers;
  readonly now: () => number;
  readonly emit: Emit;
}

/** Answers from the tiers while fresh, else from the next source, and keeps what that says. */
export function tieredCache<Query>(
  options: TieredCacheOptions<Query>,
): Layer<Query, Fetched, Held> {
  const { keyOf, tiers, now, emit } = options;
  return (next) => async (query, context) => {
    const key = keyOf(query);
    const found = context.refresh ? undefined : await readFresh(key, tiers, now);
    if (found) {
      emit({ type: 'cache-read', kind: key.kind, outcome: 'hit', tier: found.tier, count: 1 });
      return { entry: found.entry, provenance: { outcome: 'hit', tier: found.tier } };
    }
    const outcome = context.refresh ? 'refresh' : 'miss';
    emit({ type: 'cache-read', kind: key.kind, outcome, tier: 'none', count: 1 });
    const { body, instants } = await next(query, context);
    const entry = createEntry(body, instants);
    const stored = await writeAll(key, entry, tiers);
    return { entry, provenance: { outcome, stored } };
  };
}

/** The first fresh entry of the tiers; one from Redis is kept in memory too. */
export async function readFresh(
  key: CacheKey,
  { memory, redis }: Tiers,
  now: () => number,
): Promise<{ entry: Entry; tier: 'memory' | 'redis' } | undefined> {
  const held = await memory.read(key);
  if (held && isFresh(held, now)) return { entry: held, tier: 'memory' };
  const shared = await redis?.read(key);
  if (!shared || !isFresh(shared, now)) return undefined;
  await memory.write(key, shared);
  return { entry: shared, tier: 'redis' };
}

/** Keeps an entry in every tier; true if one of them took it. */
export async function writeAll(
  key: CacheKey,
  entry: Entry,
  { memory, redis }: Tiers,
): Promise<boolean> {
  const [inMemory, inRedis] = await Promise.all([
    memory.write(key, entry),
    redis?.write(key, entry) ?? false,
  ]);
  return inMemory || inRedis;
}

function isFresh(entry: Entry, now: () => number): boolean {
  return freshness(entry.instants, now()) === 'fresh';
}
