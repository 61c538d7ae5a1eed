// The Redis tier in a Redis Cluster that wants a password: one node that serves all slots.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { CHANNEL, createMessages } from '../../src/cache/messages.ts';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { softStore } from '../../src/cache/soft-store.ts';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { createSharedQuota } from '../../src/resilience/shared-quota.ts';
import { createEventLog } from '../support/events.ts';
import { readQuery } from '../support/queries.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { usualStoreOptions } from '../support/redis-store-options.ts';
import { keep, someEntry, someKey, storeContract } from '../support/store-contract.ts';

const PASSWORD = 'pass:word';
const args = ['--requirepass', PASSWORD];
const node = await startCluster({ args });
const direct = new Redis(node.port, { password: PASSWORD, retryStrategy: () => null });
const events = createEventLog();
const connection = await connectRedis({
  settings: { mode: 'cluster' },
  urls: [`redis://:pass%3Aword@127.0.0.1:${node.port}`],
  emit: (event) => events.add(event),
  commandTimeoutMs: 1_000,
});
after(async () => {
  direct.disconnect();
  await connection.close();
  await node.stop();
});

const usual = usualStoreOptions(connection, events.add);

storeContract('Redis Cluster', (settings) => createRedisStore({ ...usual, ...settings }));

const keys = createCacheKeys(Buffer.alloc(32, 7));

test('all about one identity is in one slot: entries, indexes, generation and leases', async () => {
  const { query } = readQuery('contactId=slot');
  const { tenant, identity: owner } = query;
  const store = createRedisStore(usual);
  const [range, joined] = [keys.range(query), keys.joined(query)];
  const summary = keys.summary({ tenant, owner }, 'int-1');
  await store.erase(range.identity);
  for (const key of [range, joined, summary]) {
    assert.equal(await keep(store, key), true);
    const { seen } = await store.read(key);
    assert.equal((await store.take(key, 'token', seen)).turn, 'taken');
  }
  const names = await direct.keys(`${range.identity}*`);
  const slots = await Promise.all(names.map((name) => direct.call('CLUSTER', 'KEYSLOT', name)));
  assert.equal(names.length, 7);
  assert.equal(new Set(slots).size, 1);
});

test('a lease runs its course in a Cluster too, and others are told', async () => {
  const listener = createMessages('other');
  const heard = new Promise((resolve) => listener.onMessage(resolve));
  connection.subscribe(CHANNEL, listener.receive);
  await events.nth('redis-messages', 1);
  const store = createRedisStore(usual);
  const key = someKey();
  const { seen } = await store.read(key);
  const turn = await store.take(key, 'token', seen);
  assert.ok(turn.turn === 'taken');
  assert.equal(await store.renew(key, 'token'), true);
  assert.equal(await store.fill(key, someEntry(), { ...turn, token: 'token' }), 'stored');
  const { identity, field } = key;
  assert.deepEqual(await heard, { kind: 'filled', identity, field });
  assert.deepEqual((await store.head(key)).instants, someEntry().instants);
});

test('quotas are counted in a Cluster too', async () => {
  let failures = 0;
  const quota = createSharedQuota({
    redis: connection.commands,
    keyOf: (name) => `c360:quota:{${name}}`,
    replicas: { count: () => 1, isReturning: () => false, onBeat: () => undefined },
    watch: { noteAlone: () => undefined, noteShared: () => undefined },
    onFailure: () => {
      failures += 1;
    },
  });
  const allowance = { requests: 2, perMs: 60_000 };
  const uses = [];
  for (const name of ['a', 'a', 'a', 'b']) uses.push(await quota.take(name, 1, allowance));
  assert.deepEqual(
    uses.map(({ admitted, used }) => [admitted, used]),
    [
      [true, 1],
      [true, 2],
      [false, 2],
      [true, 1],
    ],
  );
  assert.equal(failures, 0);
});

/** Waits until the Cluster is seen as this for the n-th time. */
async function reached(state: 'ready' | 'lost', times: number): Promise<void> {
  const states = () => events.of('redis-state').map((event) => event.state);
  const isReached = () => states().filter((each) => each === state).length >= times;
  while (!isReached()) await events.nth('redis-state', states().length + 1);
}

test('a Cluster that is gone is a miss, and one that is back is used again', async () => {
  const soft = softStore(createRedisStore(usual), events.add);
  const [key, entry] = [someKey(), someEntry()];
  await soft.write(key, entry, 0);
  await node.stop();
  assert.equal(await soft.read(key), null);
  assert.equal(await soft.write(key, entry, 0), false);
  assert.deepEqual(
    events.of('store-failed').map(({ operation }) => operation),
    ['read', 'write'],
  );
  await reached('lost', 1);
  assert.equal(connection.isReady(), false);

  const returned = await startCluster({ args, port: node.port });
  await reached('ready', 2);
  assert.equal(await soft.write(key, entry, 0), true);
  assert.deepEqual((await soft.read(key))?.entry?.body, entry.body);
  await returned.stop();
});
