// What the stores of tests over a real Redis have in common.
import { createMessages } from '../../src/cache/messages.ts';
import type { createRedisStore } from '../../src/cache/redis-store.ts';
import { createSealer } from '../../src/cache/seal.ts';
import type { RedisConnection } from '../../src/redis/connection.ts';
import type { Emit } from '../../src/telemetry/events.ts';
import { NOW } from './queries.ts';

type RedisStoreOptions = Parameters<typeof createRedisStore>[0];

/** Options of a store at {@link NOW} in a process named `one`. */
export function usualStoreOptions({ commands }: RedisConnection, emit: Emit): RedisStoreOptions {
  return {
    redis: commands,
    sealer: createSealer(Buffer.alloc(32, 1)),
    messages: createMessages('one'),
    maxEntryBytes: 100_000,
    leaseMs: 2_000,
    generationMs: 86_400_000,
    now: () => NOW,
    emit,
  };
}
