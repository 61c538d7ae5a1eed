// One process as far as the cache goes: a memory of its own before a real Redis, with messages and leases.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { TestContext } from 'node:test';
import { createLeases, type Leases } from '../../src/cache/leases.ts';
import { createMemoryStore, type MemoryStore } from '../../src/cache/memory-store.ts';
import { CHANNEL, createMessages, type Message } from '../../src/cache/messages.ts';
import { createRedisStore, type RedisStore, type Turn } from '../../src/cache/redis-store.ts';
import { createSealer } from '../../src/cache/seal.ts';
import { type SoftStore, softStore } from '../../src/cache/soft-store.ts';
import { createTiers, type Tiers } from '../../src/cache/tiers.ts';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.ts';
import { createClock, type TestClock } from './clock.ts';
import { createEventLog, type EventLog } from './events.ts';
import { NOW } from './queries.ts';

/** How a process differs from the usual one. */
export interface CacheProcessOptions {
  readonly url: string;
  /** One that processes share; absent: one of its own, at {@link NOW}. */
  readonly clock?: TestClock;
  readonly leaseMs?: number;
  readonly renewMs?: number;
  readonly maxEntryBytes?: number;
  /** True: nothing that others publish is heard. */
  readonly isDeaf?: boolean;
}

/** What processes share, as one of them sees it. */
export interface SharedPart {
  readonly connection: RedisConnection;
  readonly store: RedisStore;
  readonly leases: Leases;
  /** Resolves with the next message that is heard. */
  nextMessage(): Promise<Message>;
  /** Resolves when a lease has been asked for so often (in all); from the second `held` on somebody waits. */
  nthTurn(count: number): Promise<Turn['turn'] | undefined>;
}

/** A process. It ends with the test. */
export interface CacheProcess {
  readonly clock: TestClock;
  readonly events: EventLog;
  readonly memory: MemoryStore;
  readonly tiers: Tiers;
}

/** Starts a process that shares a Redis with others; what they publish from now on is heard. */
export async function startCacheProcess(
  t: TestContext,
  options: CacheProcessOptions,
): Promise<CacheProcess & SharedPart> {
  const { url, clock = createClock(NOW), leaseMs = 2_000, maxEntryBytes = 10_000 } = options;
  const events = createEventLog();
  const { now } = clock;
  const emit = events.add;
  const connection = await connectRedis({
    settings: { mode: 'single' },
    urls: [url],
    emit,
    commandTimeoutMs: 10_000,
  });
  t.after(() => connection.close());
  const name = randomUUID();
  const messages = createMessages(name);
  const store = createRedisStore({
    redis: connection.commands,
    sealer: createSealer(Buffer.alloc(32, 1)),
    messages,
    maxEntryBytes,
    leaseMs,
    generationMs: 86_400_000,
    now,
    emit,
  });
  const turns = createLog<Turn['turn'] | undefined>();
  const guarded = softStore(store, emit);
  const soft: SoftStore = {
    ...guarded,
    take: async (...args) => {
      const turn = await guarded.take(...args);
      turns.add(turn?.turn);
      return turn;
    },
  };
  let leased = 0;
  const leases = createLeases({
    store: soft,
    messages,
    newToken: () => {
      leased += 1;
      return `${name}-${leased}`;
    },
    renewMs: options.renewMs ?? leaseMs / 4,
    now,
    emit,
  });
  const memory = createMemoryStore({ maxBytes: 1_000_000, maxEntryBytes, now });
  const tiers = createTiers({
    memory,
    shared: { store: soft, leases, messages },
    now,
    random: () => 0.5,
  });
  if (!options.isDeaf) {
    connection.subscribe(CHANNEL, messages.receive);
    await events.nth('redis-messages', 1);
  }
  return {
    clock,
    events,
    memory,
    tiers,
    connection,
    store,
    leases,
    nthTurn: turns.nth,
    nextMessage: () => new Promise((resolve) => messages.onMessage(resolve)),
  };
}

/** Starts a process without Redis. */
export function createLoneProcess(maxEntryBytes = 10_000): CacheProcess {
  const clock = createClock(NOW);
  const { now } = clock;
  const memory = createMemoryStore({ maxBytes: 1_000_000, maxEntryBytes, now });
  const tiers = createTiers({ memory, shared: null, now, random: () => 0.5 });
  return { clock, events: createEventLog(), memory, tiers };
}

function createLog<Item>() {
  const items: Item[] = [];
  const added = new EventEmitter();
  return {
    add(item: Item) {
      items.push(item);
      added.emit('added');
    },
    async nth(count: number) {
      while (items.length < count) await once(added, 'added');
      return items[count - 1];
    },
  };
}
