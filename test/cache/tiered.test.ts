// The way through the tiers: what is asked in which order, what is kept where, and what an answer says of it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { createSealer } from '../../src/cache/seal.ts';
import { softStore } from '../../src/cache/soft-store.ts';
import type { Store } from '../../src/cache/store.ts';
import { tieredCache } from '../../src/cache/tiered.ts';
import type { CacheKey } from '../../src/domain/cache-key.ts';
import { instantsFrom } from '../../src/domain/freshness.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Context } from '../../src/domain/source.ts';
import { connectRedis } from '../../src/redis.ts';
import type { ServiceEvent } from '../../src/telemetry/events.ts';
import { NOW } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';
import { someKey } from '../support/store-contract.ts';

const server = await startRedis();
const connection = await connectRedis({
  settings: { mode: 'single' },
  urls: [server.url],
  emit: () => undefined,
  commandTimeoutMs: 10_000,
});
after(async () => {
  await connection.close();
  await server.stop();
});

const FRESH_MS = 60_000;
const ask: Context = { refresh: false, view: { fields: null, hide: new Set(), coding: null } };
const refresh: Context = { ...ask, refresh: true };
const broken: Store = {
  read: async () => Promise.reject(new Error('lost')),
  write: async () => Promise.reject(new Error('lost')),
};

/** One process: a memory of its own before a Redis that all share, or before the store given. */
function startProcess(options: { readonly redis?: Store | null; readonly maxEntryBytes?: number }) {
  const events: ServiceEvent[] = [];
  const emit = (event: ServiceEvent) => void events.push(event);
  const clock = { at: NOW };
  const now = () => clock.at;
  const { maxEntryBytes = 1000 } = options;
  const sealer = createSealer(Buffer.alloc(32, 1));
  const shared = createRedisStore({ redis: connection.client, sealer, maxEntryBytes, now, emit });
  const redis = options.redis === undefined ? shared : options.redis;
  const tiers = {
    memory: createMemoryStore({ maxBytes: 1_000_000, maxEntryBytes, now }),
    redis: redis && softStore(redis, emit),
  };
  let fetches = 0;
  const source = tieredCache<CacheKey>({ keyOf: (key) => key, tiers, now, emit })(async () => {
    fetches += 1;
    return { body: Buffer.from(`answer ${fetches}`), instants: instantsFrom(now(), FRESH_MS) };
  });
  return {
    clock,
    tiers,
    fetches: () => fetches,
    /** The answer, where it says it came from, and what happened. */
    async ask(key: CacheKey, context = ask) {
      events.length = 0;
      const { entry, provenance } = await source(key, context);
      const path = events.map((event) =>
        event.type === 'cache-read' ? `${event.outcome} ${event.tier}` : event.type,
      );
      return { body: entry.body.toString(), provenance, path };
    },
  };
}

const miss = { outcome: 'miss', stored: true };
const hit = (tier: 'memory' | 'redis') => ({ outcome: 'hit', tier });

test('the first answer is fetched and stored, the next comes from memory', async () => {
  const key = someKey();
  const one = startProcess({});
  assert.deepEqual(await one.ask(key), {
    body: 'answer 1',
    provenance: miss,
    path: ['miss none'],
  });
  assert.deepEqual(await one.ask(key), {
    body: 'answer 1',
    provenance: hit('memory'),
    path: ['hit memory'],
  });
  assert.equal(one.fetches(), 1);
});

test('another process finds it in Redis, and then in its own memory', async () => {
  const key = someKey();
  await startProcess({}).ask(key);
  const other = startProcess({});
  const first = await other.ask(key);
  assert.deepEqual([first.body, first.provenance], ['answer 1', hit('redis')]);
  const second = await other.ask(key);
  assert.deepEqual([second.body, second.provenance], ['answer 1', hit('memory')]);
  assert.deepEqual([...first.path, ...second.path], ['hit redis', 'hit memory']);
  assert.equal(other.fetches(), 0);
});

test('a refresh reads nothing, and what it fetches is there for all', async () => {
  const key = someKey();
  const one = startProcess({});
  await one.ask(key);
  assert.deepEqual(await one.ask(key, refresh), {
    body: 'answer 2',
    provenance: { outcome: 'refresh', stored: true },
    path: ['refresh none'],
  });
  assert.equal((await one.ask(key)).body, 'answer 2');
  const other = await startProcess({}).ask(key);
  assert.deepEqual([other.body, other.provenance], ['answer 2', hit('redis')]);
});

test('what is stale is fetched anew, in memory as in Redis', async () => {
  const key = someKey();
  const [one, other] = [startProcess({}), startProcess({})];
  await one.ask(key);
  one.clock.at = NOW + FRESH_MS - 1;
  assert.deepEqual((await one.ask(key)).provenance, hit('memory'));
  other.clock.at = NOW + FRESH_MS;
  assert.deepEqual((await other.ask(key)).path, ['miss none']);
  one.clock.at = NOW + FRESH_MS;
  // Stale in this memory, but another process has fetched it meanwhile.
  assert.deepEqual((await one.ask(key)).path, ['hit redis']);
});

test('an entry that may still be used when stale is not mistaken for a fresh one', async () => {
  const key = someKey();
  const one = startProcess({ redis: null });
  const instants = { fetchedAt: NOW, staleAt: NOW + 1, deleteAt: NOW + FRESH_MS };
  const representations = { getOrMake: () => assert.fail(), bytes: () => 0 };
  await one.tiers.memory.write(key, { body: Buffer.from('stale'), instants, representations });
  one.clock.at = NOW + 1;
  assert.equal((await one.ask(key)).body, 'answer 1');
});

test('without Redis memory is enough', async () => {
  const key = someKey();
  const one = startProcess({ redis: null });
  assert.deepEqual((await one.ask(key)).provenance, miss);
  assert.deepEqual((await one.ask(key)).provenance, hit('memory'));
});

test('a Redis that fails is a miss; memory keeps the answer all the same', async () => {
  const key = someKey();
  const one = startProcess({ redis: broken });
  assert.deepEqual(await one.ask(key), {
    body: 'answer 1',
    provenance: miss,
    path: ['store-failed', 'miss none', 'store-failed'],
  });
  assert.deepEqual((await one.ask(key)).path, ['hit memory']);
});

test('an answer that no tier takes is answered all the same, and says that it is not stored', async () => {
  const key = someKey();
  const one = startProcess({ maxEntryBytes: 3 });
  const first = await one.ask(key);
  assert.deepEqual(first.provenance, { outcome: 'miss', stored: false });
  assert.deepEqual((await one.ask(key)).body, 'answer 2');
});

test('a fetch that fails is thrown on, and nothing is kept', async () => {
  const { tiers, clock } = startProcess({});
  const key = someKey();
  const source = tieredCache<CacheKey>({
    keyOf: (asked) => asked,
    tiers,
    now: () => clock.at,
    emit: () => undefined,
  })(async () => {
    throw new Problem('upstream-unavailable');
  });
  await assert.rejects(source(key, ask), { slug: 'upstream-unavailable' });
  assert.equal(await tiers.memory.read(key), undefined);
});
