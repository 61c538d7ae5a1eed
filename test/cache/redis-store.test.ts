// The Redis tier on a real server: the contract of a store, what is in it for others to see, and its bounds.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { createEntry } from '../../src/cache/entry.ts';
import { HEADER_BYTES } from '../../src/cache/frame.ts';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { createSealer } from '../../src/cache/seal.ts';
import { type CacheKey, createCacheKeys } from '../../src/domain/cache-key.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { createEventLog } from '../support/events.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';
import { redisContents } from '../support/redis-contents.ts';
import { usualStoreOptions } from '../support/redis-store-options.ts';
import {
  entryOf,
  keep,
  someEntry,
  someKey,
  storeContract,
  twoFields,
} from '../support/store-contract.ts';

const server = await startRedis();
const events = createEventLog();
const connection = await connectRedis({
  settings: { mode: 'single' },
  urls: [server.url],
  emit: (event) => events.add(event),
  commandTimeoutMs: 10_000,
});
const redis = connection.client;
beforeEach(() => events.clear());
after(async () => {
  await connection.close();
  await server.stop();
});

const DAY_MS = 86_400_000;
const keys = createCacheKeys(Buffer.alloc(32, 7));
const usual = { ...usualStoreOptions(connection, events.add), generationMs: 2 * DAY_MS };

storeContract('Redis', (settings) => createRedisStore({ ...usual, ...settings }));

const entryFor = (lifeMs: number, at = NOW) => {
  const end = at + lifeMs;
  const instants = { fetchedAt: at, staleAt: end, revalidateUntil: end, deleteAt: end };
  return createEntry(Buffer.from('{}'), instants);
};

const store = createRedisStore(usual);

async function frameOf(key: CacheKey): Promise<Buffer> {
  const frame = await redis.hgetBuffer(key.identity, key.field);
  assert.ok(frame);
  return frame;
}

async function isUnreadable(key: CacheKey, frame: Buffer, reader = store): Promise<boolean> {
  await redis.hset(key.identity, key.field, frame);
  events.clear();
  const { entry } = await reader.read(key);
  assert.equal(entry === undefined, events.of('entry-unreadable').length === 1);
  return entry === undefined;
}

test('nothing that is personal can be seen in Redis', async () => {
  const { query } = readQuery('email=ann.personal@example.com&last=P30D');
  const key = keys.range(query);
  const text = 'ann.personal@example.com +14155550140 "Ann called about her refund"';
  await keep(store, key, someEntry(text));
  await keep(store, keys.summary({ tenant: tenantWith(), owner: query.identity }, 'int-personal'), {
    ...someEntry(text),
  });
  const contents = await redisContents(server.url);
  assert.ok(contents.includes(key.field));
  const secrets = [...text.matchAll(/[\w.+@]{6,}/g)].map(([word]) => word);
  for (const secret of [...secrets, 'int-personal', tenantWith().tenantId, 'P30D']) {
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      const encoded = Buffer.from(secret).toString(encoding).slice(0, 8);
      assert.equal(contents.includes(encoded), false, `${secret} in ${encoding}`);
    }
    assert.equal(contents.includes(secret), false, secret);
  }
});

test('the same answer never looks the same twice', async () => {
  const key = someKey();
  await keep(store, key, someEntry());
  const first = await frameOf(key);
  await keep(store, key, someEntry());
  assert.notDeepEqual((await frameOf(key)).subarray(HEADER_BYTES), first.subarray(HEADER_BYTES));
});

test('a value moved to another field or another identity does not open', async () => {
  const [key, otherField] = twoFields();
  await keep(store, key, someEntry());
  const frame = await frameOf(key);
  const otherIdentity = { ...key, identity: someKey().identity };
  assert.equal(await isUnreadable(otherField, frame), true);
  assert.equal(await isUnreadable(otherIdentity, frame), true);
  assert.equal(await isUnreadable(key, frame), false);
});

test('a value does not open with any of its bytes changed: version, instants, nonce, text or tag', async () => {
  const key = someKey();
  await keep(store, key, someEntry('{}'));
  const frame = await frameOf(key);
  for (const at of frame.keys()) {
    const changed = Buffer.from(frame);
    changed.writeUInt8((frame.readUInt8(at) + 1) % 256, at);
    assert.equal(await isUnreadable(key, changed), true, `byte ${at}`);
  }
});

test('a value that is cut short or made longer does not open', async () => {
  const key = someKey();
  await keep(store, key, someEntry('{}'));
  const frame = await frameOf(key);
  for (const length of [0, 1, 32, 33, 40, 60, frame.length - 1]) {
    assert.equal(await isUnreadable(key, frame.subarray(0, length)), true, `${length} bytes`);
  }
  assert.equal(await isUnreadable(key, Buffer.concat([frame, Buffer.alloc(1)])), true);
});

test('a frame of another version is not read, though it is sealed as it should be', async () => {
  const key = someKey();
  await keep(store, key, someEntry());
  const frame = await frameOf(key);
  const resealed = (version: number) => {
    const header = Buffer.from(frame.subarray(0, HEADER_BYTES));
    header.writeUInt8(version, 0);
    return Buffer.concat([header, ...usual.sealer.seal([Buffer.from('{}')], { ...key, header })]);
  };
  assert.equal(await isUnreadable(key, resealed(frame.readUInt8(0))), false);
  assert.equal(await isUnreadable(key, resealed(frame.readUInt8(0) + 1)), true);
});

test('a value does not open with another secret', async () => {
  const key = someKey();
  await keep(store, key, someEntry());
  const sealer = createSealer(Buffer.alloc(32, 2));
  const stranger = createRedisStore({ ...usual, sealer });
  assert.equal(await isUnreadable(key, await frameOf(key), stranger), true);
});

test('an identity lives as long as the last of its fields, and its indexes with it', async () => {
  const { query } = readQuery('contactId=ttl');
  const [range, summary] = [
    keys.range(query),
    keys.summary({ tenant: query.tenant, owner: query.identity }, 'int-1'),
  ];
  const lives = async (wanted: number) => {
    const names = await redis.keys(`${range.identity}*`);
    for (const name of names) {
      const left = await redis.pttl(name);
      assert.ok(left > wanted - 30_000 && left <= wanted, `${name}: ${left} ms`);
    }
    return names.length;
  };
  await keep(store, range, entryFor(60_000));
  assert.equal(await lives(60_000), 2);
  await keep(store, summary, entryFor(DAY_MS));
  assert.equal(await lives(DAY_MS), 3);
  await keep(store, range, entryFor(60_000));
  assert.equal(await lives(DAY_MS), 3);
});

test('what has ended is dropped when its identity is next written to', async () => {
  let at = NOW;
  const aging = createRedisStore({ ...usual, now: () => at });
  const range = (last: string) => keys.range(readQuery(`contactId=prune&last=${last}`).query);
  const [short, long, next] = [range('P1D'), range('P2D'), range('P3D')];
  await keep(aging, short, entryFor(1000));
  await keep(aging, long, entryFor(DAY_MS));
  at = NOW + 1000;
  await keep(aging, next, entryFor(1000, at));
  const fields = await redis.hkeys(short.identity);
  assert.deepEqual(fields.sort(), [long.field, next.field].sort());
  const [index] = await redis.keys(`${short.identity}:*`);
  assert.deepEqual((await redis.zrange(index ?? '', '0', '-1')).sort(), fields.sort());
});

test('an identity holds 64 ranges at most; older ones that end first make room', async () => {
  const range = (days: number) => keys.range(readQuery(`contactId=many&last=P${days}D`).query);
  for (let days = 1; days <= 70; days += 1) {
    await keep(store, range(days), entryFor(DAY_MS + days));
  }
  assert.equal(await redis.hlen(range(1).identity), 64);
  assert.equal(await entryOf(store, range(6)), undefined);
  assert.ok(await entryOf(store, range(7)));

  assert.equal(await keep(store, range(71), entryFor(1000)), true);
  assert.ok(await entryOf(store, range(71)), 'a new range is kept, however soon it ends');
  assert.equal(await entryOf(store, range(7)), undefined);
  await keep(store, range(8), entryFor(DAY_MS));
  assert.ok(await entryOf(store, range(9)), 'writing one anew needs no room');
  assert.equal(await redis.hlen(range(1).identity), 64);
});

test('where Redis has evicted an index, the identity begins anew, so that it stays bounded', async () => {
  const range = (last: string) => keys.range(readQuery(`contactId=evicted&last=${last}`).query);
  const [one, two, three] = [range('P1D'), range('P2D'), range('P3D')];
  await keep(store, one, entryFor(DAY_MS));
  await keep(store, two, entryFor(DAY_MS));
  await redis.del(`${one.identity}:range`);
  await keep(store, three, entryFor(DAY_MS));
  assert.deepEqual(await redis.hkeys(one.identity), [three.field]);
});

test('a generation outlasts the eviction of indexes, and every entry', async () => {
  const range = (last: string) => keys.range(readQuery(`contactId=erased&last=${last}`).query);
  const [one, two, three] = [range('P1D'), range('P2D'), range('P3D')];
  const left = () => redis.pttl(one.identity);
  const generation = await store.erase(one.identity);
  assert.ok((await left()) > 2 * DAY_MS - 30_000);

  await store.write(one, entryFor(1_000), generation);
  await store.write(two, entryFor(DAY_MS), generation);
  assert.ok((await left()) > 2 * DAY_MS - 30_000, 'entries that end earlier do not shorten it');
  await redis.del(`${one.identity}:range`);
  assert.equal(await store.write(three, entryFor(DAY_MS), generation), true);
  assert.deepEqual(
    (await redis.hkeys(one.identity)).toSorted(),
    [three.field, 'generation'].sort(),
  );
  assert.equal((await store.read(two)).generation, generation);
  assert.ok((await left()) > 2 * DAY_MS - 30_000);

  await store.write(one, entryFor(3 * DAY_MS), generation);
  assert.ok((await left()) > 3 * DAY_MS - 30_000, 'it lasts as long as the last entry, too');
  assert.equal(await store.write(one, entryFor(0), generation), false);
  assert.equal(await store.write(three, entryFor(0), generation), false);
  assert.equal((await store.read(two)).generation, generation);
});

test('a generation is no field: an identity that was erased holds 64 ranges, too', async () => {
  const range = (days: number) => keys.range(readQuery(`contactId=full&last=P${days}D`).query);
  const generation = await store.erase(range(1).identity);
  for (let days = 1; days <= 66; days += 1) {
    assert.equal(await store.write(range(days), entryFor(DAY_MS + days), generation), true);
  }
  assert.equal(await redis.hlen(range(1).identity), 65);
  assert.equal(await entryOf(store, range(2)), undefined);
  assert.ok(await entryOf(store, range(3)));
});

test('a generation grows also over its own end', async () => {
  const { identity } = someKey();
  const first = await store.erase(identity);
  await redis.del(identity);
  const present = async () => {
    const [seconds, microseconds] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  };
  for (let at = await present(); at <= first; ) at = await present();
  assert.ok((await store.erase(identity)) > first);
});

test('the head of an entry is its generation and its instants, without the body', async () => {
  const key = someKey();
  assert.deepEqual(await store.head(key), { generation: 0, instants: undefined });
  const generation = await store.erase(key.identity);
  assert.deepEqual(await store.head(key), { generation, instants: undefined });
  await store.write(key, someEntry(), generation);
  assert.deepEqual(await store.head(key), { generation, instants: someEntry().instants });
  await redis.hset(key.identity, key.field, Buffer.alloc(100, 1));
  assert.deepEqual(await store.head(key), { generation, instants: undefined });
});

test('what has ended already is not kept', async () => {
  const key = someKey();
  assert.equal(await keep(store, key, entryFor(0)), false);
  assert.equal(await redis.exists(key.identity), 0);
});
