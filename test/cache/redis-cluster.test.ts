// The Redis tier in a Redis Cluster that wants a password: one node that serves all slots.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { createSealer } from '../../src/cache/seal.ts';
import { softStore } from '../../src/cache/soft-store.ts';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import { connectRedis } from '../../src/redis.ts';
import { createLocalQuota } from '../../src/resilience/local-quota.ts';
import { createSharedQuota } from '../../src/resilience/shared-quota.ts';
import { createEventLog } from '../support/events.ts';
import { NOW, readQuery } from '../support/queries.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { someEntry, someKey, storeContract } from '../support/store-contract.ts';

async function startCluster(port?: number): Promise<RedisServer> {
  const cluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
  const args = [...cluster, '--requirepass', 'pass:word'];
  const server = await startRedis(port === undefined ? { args } : { args, port });
  const first = new Redis(server.port, { password: 'pass:word' });
  await first.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
  first.disconnect();
  return server;
}

const node = await startCluster();
const direct = new Redis(node.port, { password: 'pass:word', retryStrategy: () => null });
const events = createEventLog();
const connection = await connectRedis({
  settings: { mode: 'cluster' },
  urls: [`redis://:pass%3Aword@127.0.0.1:${node.port}`],
  emit: (event) => events.add(event),
  commandTimeoutMs: 1_000,
});
// A new cluster takes its first two seconds to trust itself.
while (!connection.isReady()) await events.nth('redis-state', events.of('redis-state').length + 1);
after(async () => {
  direct.disconnect();
  await connection.close();
  await node.stop();
});

const usual = {
  redis: connection.client,
  sealer: createSealer(Buffer.alloc(32, 1)),
  maxEntryBytes: 100_000,
  now: () => NOW,
  emit: events.add,
};

storeContract('Redis Cluster', (settings) => createRedisStore({ ...usual, ...settings }));

test('all that is held about one identity is in one slot', async () => {
  const keys = createCacheKeys(Buffer.alloc(32, 7));
  const { query } = readQuery('contactId=slot');
  const { tenant, identity: owner } = query;
  const store = createRedisStore(usual);
  for (const key of [
    keys.range(query),
    keys.joined(query),
    keys.summary({ tenant, owner }, 'int-1'),
  ]) {
    assert.equal(await store.write(key, someEntry()), true);
  }
  const names = await direct.keys(`${keys.range(query).identity}*`);
  const slots = await Promise.all(names.map((name) => direct.call('CLUSTER', 'KEYSLOT', name)));
  assert.equal(names.length, 4);
  assert.equal(new Set(slots).size, 1);
});

test('quotas are counted in a Cluster too', async () => {
  const quota = createSharedQuota({
    redis: connection.client,
    keyOf: (name) => `c360:quota:{${name}}`,
    fallback: createLocalQuota(() => NOW),
    onFailure: () => assert.fail('Redis failed'),
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
});

test('a Cluster that is gone is a miss, and one that is back is used again', async () => {
  const soft = softStore(createRedisStore(usual), events.add);
  const key = someKey();
  await soft.write(key, someEntry());
  events.clear();
  await node.stop();
  assert.equal(await soft.read(key), undefined);
  assert.equal(await soft.write(key, someEntry()), false);
  assert.deepEqual(
    events.of('store-failed').map(({ operation }) => operation),
    ['read', 'write'],
  );
  assert.equal((await events.nth('redis-state', 1)).state, 'lost');
  assert.equal(connection.isReady(), false);

  const returned = await startCluster(node.port);
  assert.equal((await events.nth('redis-state', 2)).state, 'ready');
  assert.equal(await soft.write(key, someEntry()), true);
  assert.deepEqual((await soft.read(key))?.body, someEntry().body);
  await returned.stop();
});
