// A store that may fail: every failure is a miss and an event, and Redis is used again when it is back.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { createSealer } from '../../src/cache/seal.ts';
import { softStore } from '../../src/cache/soft-store.ts';
import { connectRedis } from '../../src/redis.ts';
import { createEventLog } from '../support/events.ts';
import { NOW } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';
import { someEntry, someKey } from '../support/store-contract.ts';

const [key, entry] = [someKey(), someEntry()];

async function startStore(t: TestContext, commandTimeoutMs: number) {
  const server = await startRedis();
  const events = createEventLog();
  const connection = await connectRedis({
    settings: { mode: 'single' },
    urls: [server.url],
    emit: events.add,
    commandTimeoutMs,
  });
  t.after(async () => {
    await connection.close();
    await server.stop();
  });
  const store = createRedisStore({
    redis: connection.client,
    sealer: createSealer(Buffer.alloc(32, 1)),
    maxEntryBytes: 100_000,
    now: () => NOW,
    emit: events.add,
  });
  return { server, events, connection, store: softStore(store, events.add) };
}

const operations = (events: ReturnType<typeof createEventLog>) =>
  events.of('store-failed').map(({ operation }) => operation);

test('a store that works is used as it is', async () => {
  const events = createEventLog();
  const kept = softStore({ read: async () => entry, write: async () => true }, events.add);
  assert.equal(await kept.read(key), entry);
  assert.equal(await kept.write(key, entry), true);
  const full = softStore({ read: async () => undefined, write: async () => false }, events.add);
  assert.equal(await full.read(key), undefined);
  assert.equal(await full.write(key, entry), false);
  assert.deepEqual(operations(events), []);
});

test('while Redis hangs a read is a miss and a write is not kept, both after a short wait', async (t) => {
  const { server, events, store } = await startStore(t, 200);
  server.pause();
  // Redis is still paused when both have ended.
  const [read, written] = await Promise.all([store.read(key), store.write(key, entry)]);
  const states = events.of('redis-state').map(({ state }) => state);
  server.resume();
  assert.deepEqual([read, written], [undefined, false]);
  assert.deepEqual(states, ['ready'], 'neither waited until the connection was given up');
  assert.deepEqual(operations(events).toSorted(), ['read', 'write']);
});

test('a Redis that hangs is given up, and used again when it goes on', async (t) => {
  const { server, events, connection, store } = await startStore(t, 500);
  await store.write(key, entry);
  server.pause();
  assert.equal(await store.read(key), undefined);
  assert.equal((await events.nth('redis-state', 2)).state, 'lost');
  assert.equal(connection.isReady(), false);
  assert.equal(await store.read(key), undefined);
  server.resume();
  assert.equal((await events.nth('redis-state', 3)).state, 'ready');
  assert.deepEqual((await store.read(key))?.body, entry.body);
});

test('without Redis a read is a miss at once, and what comes back is used again', async (t) => {
  const { server, events, connection, store } = await startStore(t, 5_000);
  await server.stop();
  await events.nth('redis-state', 2);
  assert.equal(connection.isReady(), false);
  assert.equal(await store.read(key), undefined);
  assert.equal(await store.write(key, entry), false);
  assert.deepEqual(operations(events), ['read', 'write']);

  const returned = await startRedis({ port: server.port });
  t.after(() => returned.stop());
  assert.equal((await events.nth('redis-state', 3)).state, 'ready');
  assert.equal(await store.write(key, entry), true);
  assert.deepEqual((await store.read(key))?.body, entry.body);
});
