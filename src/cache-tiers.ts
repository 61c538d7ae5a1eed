// The tiers of the cache, built from a configuration: memory, and Redis where there is one.
import { randomUUID } from 'node:crypto';
import { createLeases } from './cache/leases.ts';
import { createMemoryStore, type MemoryStore } from './cache/memory-store.ts';
import { createRedisStore } from './cache/redis-store.ts';
import { createSealer } from './cache/seal.ts';
import { softStore } from './cache/soft-store.ts';
import { createTiers, type SharedTier, type Tiers } from './cache/tiers.ts';
import type { Configuration } from './config/configuration.ts';
import { longestLifeMs } from './domain/freshness.ts';
import { shareMemory } from './memory-budget.ts';
import type { Peers } from './peers.ts';
import type { Emit } from './telemetry/events.ts';

interface CacheTierOptions {
  readonly configuration: Configuration;
  /** Null where there is no Redis. */
  readonly peers: Peers | null;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly emit: Emit;
}

const LEASE_MS = 2_000;
const RENEW_MS = 500;

/** Creates them. */
export function createCacheTiers(options: CacheTierOptions): Tiers {
  return createTiers({ ...options, memory: createMemory(options), shared: createShared(options) });
}

function createMemory({ configuration, now }: CacheTierOptions): MemoryStore {
  const { memoryBytes, maxEntryBytes } = configuration.cache;
  const { entryBytes: maxBytes } = shareMemory(memoryBytes);
  return createMemoryStore({ maxBytes, maxEntryBytes: Math.min(maxEntryBytes, maxBytes), now });
}

/** What processes share through Redis; a Redis that fails is a Redis that holds nothing. */
function createShared({ configuration, peers, now, emit }: CacheTierOptions): SharedTier | null {
  if (peers === null) return null;
  const { tenants, cache, secrets } = configuration;
  const { redis, messages } = peers;
  const store = createRedisStore({
    redis,
    sealer: createSealer(secrets.deriveKey('cache-values')),
    messages,
    maxEntryBytes: cache.maxEntryBytes,
    leaseMs: LEASE_MS,
    generationMs: longestLifeMs([...tenants.values()].map(({ freshness }) => freshness)),
    now,
    emit,
  });
  const soft = softStore(store, emit);
  const newToken = randomUUID;
  const leases = createLeases({ store: soft, messages, newToken, renewMs: RENEW_MS, now, emit });
  return { store: soft, leases, messages };
}
