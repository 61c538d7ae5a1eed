// Leases in Redis: who may fetch, who may write what was fetched, and what the others are told.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { HEADER_BYTES } from '../../src/cache/frame.ts';
import { CHANNEL } from '../../src/cache/messages.ts';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import type { CacheKey } from '../../src/domain/cache-key.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { RunScript, Script } from '../../src/redis/commands.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { OverdueReply } from '../../src/redis/patience.ts';
import { createEventLog } from '../support/events.ts';
import { NOW } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';
import { usualStoreOptions } from '../support/redis-store-options.ts';
import { entryOf, keep, someEntry, someKey, twoFields } from '../support/store-contract.ts';

const LEASE_MS = 2_000;
const NOTHING = Buffer.alloc(0);

const server = await startRedis();
const events = createEventLog();
const connection = await connectRedis({
  settings: { mode: 'single' },
  urls: [server.url],
  emit: (event) => events.add(event),
  commandTimeoutMs: 10_000,
});
const redis = connection.client;
const listener = new Redis(server.url);
const texts: string[] = [];
const LAST = 'the last';
let heardLast: () => void = () => undefined;
listener.on('message', (_channel, text: string) => {
  if (text === LAST) heardLast();
  else texts.push(text);
});
await listener.subscribe(CHANNEL);
beforeEach(() => {
  events.clear();
  texts.length = 0;
});
after(async () => {
  listener.disconnect();
  await connection.close();
  await server.stop();
});

const usual = {
  ...usualStoreOptions(connection, events.add),
  maxEntryBytes: 1_000,
  leaseMs: LEASE_MS,
};
const store = createRedisStore(usual);
const leaseOf = ({ identity, field }: CacheKey) => `${identity}:lease:${field}`;

/** What has been published in this test: all of it, since a connection keeps its order. */
async function told(): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  heardLast = resolve;
  await redis.publish(CHANNEL, LAST);
  await promise;
  return texts.splice(0);
}

/** Takes the lease of a key of which nothing is held. */
async function takeNew(key: CacheKey, token = 'mine') {
  const turn = await store.take(key, token, NOTHING);
  assert.ok(turn.turn === 'taken');
  return { token, generation: turn.generation };
}

test('the first who asks takes the lease; the others are told how long it lasts', async () => {
  const [key, other] = twoFields();
  assert.deepEqual(await store.take(key, 'mine', NOTHING), { turn: 'taken', generation: 0 });
  for (const token of ['yours', 'mine']) {
    const turn = await store.take(key, token, NOTHING);
    assert.ok(turn.turn === 'held');
    assert.ok(turn.leftMs > 0 && turn.leftMs <= LEASE_MS, `${turn.leftMs} ms`);
  }
  assert.equal((await store.take(other, 'yours', NOTHING)).turn, 'taken', 'each field has its own');
  assert.deepEqual(await told(), []);
});

test('with the lease comes the generation', async () => {
  const key = someKey();
  const generation = await store.erase(key.identity);
  assert.deepEqual(await store.take(key, 'mine', NOTHING), { turn: 'taken', generation });
});

test('no lease is needed where something else is held than was seen', async () => {
  const key = someKey();
  const generation = await store.erase(key.identity);
  await keep(store, key, someEntry('one'));
  const turn = await store.take(key, 'mine', NOTHING);
  assert.ok(turn.turn === 'filled');
  assert.deepEqual([turn.entry?.body.toString(), turn.generation], ['one', generation]);
  assert.deepEqual(turn.entry?.instants, someEntry().instants);
  assert.deepEqual(turn.seen, (await store.read(key)).seen);

  await keep(store, key, someEntry('two', { fetchedAt: NOW + 1 }));
  const later = await store.take(key, 'mine', turn.seen);
  assert.ok(later.turn === 'filled');
  assert.equal(later.entry?.body.toString(), 'two');
  assert.equal((await store.take(key, 'mine', later.seen)).turn, 'taken');
});

test('what is held is told also while another has the lease', async () => {
  const key = someKey();
  await takeNew(key, 'yours');
  await keep(store, key);
  assert.equal((await store.take(key, 'mine', NOTHING)).turn, 'filled');
  const { seen } = await store.read(key);
  assert.equal((await store.take(key, 'mine', seen)).turn, 'held');
});

test('where what was seen is gone, there is a lease', async () => {
  const key = someKey();
  await keep(store, key);
  const { seen } = await store.read(key);
  const generation = await store.erase(key.identity);
  assert.deepEqual(await store.take(key, 'mine', seen), { turn: 'taken', generation });
});

for (const length of [1, HEADER_BYTES - 1, HEADER_BYTES, 100]) {
  test(`${length} bytes that do not open are seen once, and then there is a lease`, async () => {
    const key = someKey();
    await redis.hset(key.identity, key.field, Buffer.alloc(length, 2));
    const first = await store.take(key, 'yours', NOTHING);
    assert.ok(first.turn === 'filled');
    assert.equal(first.entry, undefined);
    assert.equal(events.of('entry-unreadable').length, 1);
    assert.deepEqual((await store.read(key)).seen, first.seen);
    assert.equal((await store.take(key, 'mine', first.seen)).turn, 'taken');
  });
}

test('an empty value is no reason to ask for ever', async () => {
  const key = someKey();
  await redis.hset(key.identity, key.field, '');
  const first = await store.take(key, 'mine', (await store.read(key)).seen);
  const second = first.turn === 'filled' ? await store.take(key, 'mine', first.seen) : first;
  assert.equal(second.turn, 'taken');
});

test('what has expired is seen, too', async () => {
  const key = someKey();
  await keep(store, key);
  const later = createRedisStore({ ...usual, now: () => someEntry().instants.deleteAt });
  const turn = await later.take(key, 'mine', NOTHING);
  assert.ok(turn.turn === 'filled');
  assert.equal(turn.entry, undefined);
  assert.equal((await later.take(key, 'mine', turn.seen)).turn, 'taken');
});

test('a lease ends by itself', async () => {
  const key = someKey();
  const brief = createRedisStore({ ...usual, leaseMs: 20 });
  assert.equal((await brief.take(key, 'yours', NOTHING)).turn, 'taken');
  let turn = await store.take(key, 'mine', NOTHING);
  while (turn.turn === 'held') turn = await store.take(key, 'mine', NOTHING);
  assert.equal(turn.turn, 'taken');
  assert.equal(await brief.renew(key, 'yours'), false);
});

test('only its own lease can a process lengthen', async () => {
  const key = someKey();
  await takeNew(key);
  await redis.pexpire(leaseOf(key), 1_000);
  assert.equal(await store.renew(key, 'yours'), false);
  assert.ok((await redis.pttl(leaseOf(key))) <= 1_000);
  assert.equal(await store.renew(key, 'mine'), true);
  assert.ok((await redis.pttl(leaseOf(key))) > 1_000);
  await redis.del(leaseOf(key));
  assert.equal(await store.renew(key, 'mine'), false);
  assert.equal(await redis.exists(leaseOf(key)), 0);
});

test('what was fetched under a lease is kept, the lease ends, and the others are told', async () => {
  const key = someKey();
  const lease = await takeNew(key);
  assert.equal(await store.fill(key, someEntry('fetched'), lease), 'stored');
  assert.equal((await entryOf(store, key))?.body.toString(), 'fetched');
  assert.equal(await redis.exists(leaseOf(key)), 0);
  assert.deepEqual(await told(), [`one filled ${key.identity} ${key.field}`]);
});

test('without the lease nothing is written, ended or told', async () => {
  const key = someKey();
  const { generation } = await takeNew(key, 'yours');
  const lost = { token: 'mine', generation };
  assert.equal(await store.fill(key, someEntry('too late'), lost), 'lost');
  assert.equal(await entryOf(store, key), undefined);
  assert.equal(await redis.get(leaseOf(key)), 'yours');

  await store.fill(key, someEntry('yours'), { token: 'yours', generation });
  await told();
  assert.equal(await store.fill(key, someEntry('too late'), lost), 'lost');
  assert.equal(await store.fill(key, someEntry('x'.repeat(1_001)), lost), 'lost');
  assert.equal((await entryOf(store, key))?.body.toString(), 'yours');
  assert.deepEqual(await told(), []);
});

test('after an erasure nothing is written, but the lease ends, and the others are told', async () => {
  const key = someKey();
  const lease = await takeNew(key);
  const generation = await store.erase(key.identity);
  assert.equal(await store.fill(key, someEntry('too late'), lease), 'erased');
  assert.equal(await entryOf(store, key), undefined);
  assert.equal(await redis.exists(leaseOf(key)), 0);
  assert.deepEqual(await told(), [
    `one erased ${key.identity} ${generation}`,
    `one filled ${key.identity} ${key.field}`,
  ]);
});

test('what is too large, or has ended already, takes the older entry with it and ends the lease', async () => {
  for (const entry of [someEntry('x'.repeat(1_001)), someEntry('{}', { deleteAt: NOW })]) {
    const key = someKey();
    await keep(store, key);
    const { seen } = await store.read(key);
    const turn = await store.take(key, 'mine', seen);
    assert.ok(turn.turn === 'taken');
    assert.equal(await store.fill(key, entry, { ...turn, token: 'mine' }), 'too-large');
    assert.equal(await redis.exists(key.identity, leaseOf(key)), 0);
    assert.deepEqual(await told(), [`one filled ${key.identity} ${key.field}`]);
  }
});

test('a lease that is given up ends, and the others are told, with the problem if there is one', async () => {
  const key = someKey();
  await takeNew(key);
  assert.equal(await store.release(key, 'mine'), 'released');
  assert.equal(await redis.exists(leaseOf(key)), 0);
  await takeNew(key);
  const problem = new Problem('upstream-throttled', { retryAfterSeconds: 9 });
  await store.release(key, 'mine', problem);
  const place = `${key.identity} ${key.field}`;
  assert.deepEqual(await told(), [
    `one filled ${place}`,
    `one failed ${place} upstream-throttled 9`,
  ]);
});

test("another's lease is not given up, and nothing is told of it", async () => {
  const key = someKey();
  await takeNew(key, 'yours');
  await store.release(key, 'mine', new Problem('upstream-timeout'));
  assert.equal(await redis.get(leaseOf(key)), 'yours');
  assert.deepEqual(await told(), []);
});

test("writing without a lease leaves another's as it is, and tells nothing", async () => {
  const key = someKey();
  await takeNew(key, 'yours');
  assert.equal(await keep(store, key), true);
  assert.equal(await redis.get(leaseOf(key)), 'yours');
  assert.deepEqual(await told(), []);
});

test('writing under a lease drops what has ended', async () => {
  let at = NOW;
  const aging = createRedisStore({ ...usual, now: () => at });
  const [one, other] = twoFields();
  await keep(aging, one);
  at = someEntry().instants.deleteAt;
  const turn = await aging.take(other, 'mine', NOTHING);
  assert.ok(turn.turn === 'taken');
  const later = someEntry('{}', { deleteAt: at + 1_000 });
  assert.equal(await aging.fill(other, later, { ...turn, token: 'mine' }), 'stored');
  assert.deepEqual(await redis.hkeys(one.identity), [other.field]);
});

/** A store whose script of this name is done, and answered too late. */
function lateStore(name: string) {
  const { commands } = connection;
  const late = {
    ...commands,
    defineScript(script: Script): RunScript {
      const run = commands.defineScript(script);
      if (script.name !== name) return run;
      return async (...args) => {
        await run(...args);
        throw new OverdueReply();
      };
    },
  };
  return createRedisStore({ ...usual, redis: late });
}

test('a lease that may or may not have been taken is given up, and the others are told', async () => {
  const [key] = twoFields();
  await assert.rejects(lateStore('c360Take').take(key, 'mine', NOTHING), OverdueReply);
  assert.deepEqual(await told(), [`one filled ${key.identity} ${key.field}`]);
  assert.equal((await store.take(key, 'yours', NOTHING)).turn, 'taken');
});

test('a lease under which nothing could be kept in time is given up', async () => {
  const [key] = twoFields();
  const lease = await takeNew(key);
  const cannotFill = createRedisStore({
    ...usual,
    redis: {
      ...connection.commands,
      defineScript(script) {
        const run = connection.commands.defineScript(script);
        return script.name === 'c360Fill' ? () => Promise.reject(new OverdueReply()) : run;
      },
    },
  });
  await assert.rejects(cannotFill.fill(key, someEntry(), lease), OverdueReply);
  await told();
  assert.equal((await store.take(key, 'yours', NOTHING)).turn, 'taken');
});
