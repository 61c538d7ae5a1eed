// A store that may fail: every failure is a miss and an event, and Redis is used again when it is back.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { softStore } from '../../src/cache/soft-store.ts';
import type { createEventLog } from '../support/events.ts';
import { startRedis } from '../support/redis.ts';
import { connectTo } from '../support/redis-connection.ts';
import { usualStoreOptions } from '../support/redis-store-options.ts';
import { someEntry, someKey } from '../support/store-contract.ts';

const [key, entry] = [someKey(), someEntry()];
const NOTHING = Buffer.alloc(0);

async function startStore(t: TestContext, commandTimeoutMs: number) {
  const server = await startRedis();
  t.after(server.stop);
  const { connection, events } = await connectTo(t, server.url, commandTimeoutMs);
  const store = createRedisStore(usualStoreOptions(connection, events.add));
  return { server, events, connection, store: softStore(store, events.add) };
}

const operations = (events: ReturnType<typeof createEventLog>) =>
  events.of('store-failed').map(({ operation }) => operation);

test('a store that works is used as it is', async (t) => {
  const { events, store } = await startStore(t, 10_000);
  const first = await store.read(key);
  assert.deepEqual(first, { entry: undefined, generation: 0, seen: NOTHING });
  assert.equal(await store.write(key, entry, 0), true);
  const read = await store.read(key);
  assert.deepEqual(read?.entry?.body, entry.body);
  assert.deepEqual(await store.head(key), { generation: 0, instants: entry.instants });
  assert.equal((await store.take(key, 'token', read.seen))?.turn, 'taken');
  assert.equal(await store.renew(key, 'token'), true);
  assert.equal(await store.renew(key, 'other'), false);
  assert.equal(await store.fill(key, entry, { token: 'token', generation: 0 }), 'stored');
  assert.equal(await store.release(key, 'token'), 'released');
  const generation = await store.erase(key.identity);
  assert.equal((await store.read(key))?.generation, generation);
  assert.deepEqual(operations(events), []);
});

test('a store that fails: each verb says so instead, and an erasure rejects', async (t) => {
  const { server, events, store } = await startStore(t, 5_000);
  await server.stop();
  await events.nth('redis-state', 2);
  const lease = { token: 'token', generation: 0 };
  assert.equal(await store.read(key), null);
  assert.equal(await store.head(key), null);
  assert.equal(await store.write(key, entry, 0), false);
  assert.equal(await store.take(key, 'token', NOTHING), null);
  // The lease may well be ours still.
  assert.equal(await store.renew(key, 'token'), true);
  assert.equal(await store.fill(key, entry, lease), 'failed');
  assert.equal(await store.release(key, 'token'), 'failed');
  assert.deepEqual(operations(events), [
    'read',
    'read',
    'write',
    'lease',
    'lease',
    'write',
    'lease',
  ]);
  await assert.rejects(store.erase(key.identity));
});

test('while Redis hangs a read is a miss and a write is not kept, both after a short wait', async (t) => {
  const { server, events, store } = await startStore(t, 200);
  server.pause();
  // Redis is still paused when both have ended.
  const [read, written] = await Promise.all([store.read(key), store.write(key, entry, 0)]);
  const states = events.of('redis-state').map(({ state }) => state);
  server.resume();
  assert.deepEqual([read, written], [null, false]);
  assert.deepEqual(states, ['ready'], 'neither waited until the connection was given up');
  assert.deepEqual(operations(events).toSorted(), ['read', 'write']);
});

test('a Redis that hangs is given up, and used again when it goes on', async (t) => {
  const { server, events, connection, store } = await startStore(t, 100);
  await store.write(key, entry, 0);
  server.pause();
  assert.equal(await store.read(key), null);
  assert.equal((await events.nth('redis-breaker', 1)).state, 'open');
  assert.equal((await events.nth('redis-state', 2)).state, 'lost');
  assert.equal(connection.isReady(), false);
  assert.equal(await store.read(key), null);
  server.resume();
  assert.equal((await events.nth('redis-state', 3)).state, 'ready');
  assert.equal((await events.nth('redis-breaker', 2)).state, 'closed');
  assert.deepEqual((await store.read(key))?.entry?.body, entry.body);
});

test('without Redis a read is a miss at once, and what comes back is used again', async (t) => {
  const { server, events, connection, store } = await startStore(t, 5_000);
  await server.stop();
  await events.nth('redis-state', 2);
  assert.equal(connection.isReady(), false);
  assert.equal(await store.read(key), null);
  assert.equal(await store.write(key, entry, 0), false);
  assert.deepEqual(operations(events), ['read', 'write']);

  const returned = await startRedis({ port: server.port });
  t.after(() => returned.stop());
  assert.equal((await events.nth('redis-state', 3)).state, 'ready');
  assert.equal(await store.write(key, entry, 0), true);
  assert.deepEqual((await store.read(key))?.entry?.body, entry.body);
});
