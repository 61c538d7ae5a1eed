// Memory before Redis: what is trusted for how long, what finds its way into memory, and what leaves it.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Look, Tiers } from '../../src/cache/tiers.ts';
import type { CacheKey } from '../../src/domain/cache-key.ts';
import { Problem } from '../../src/domain/problem.ts';
import { createLoneProcess, startCacheProcess } from '../support/cache-process.ts';
import { createClock } from '../support/clock.ts';
import { NOW } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';
import { entryOf, someEntry, someKey, twoFields } from '../support/store-contract.ts';

const server = await startRedis();
after(() => server.stop());

const TRUST_MS = 10_000;
const never = new AbortController().signal;
const unavailable = new Problem('upstream-unavailable');

/** Two processes with one clock; with `isDeaf`, nothing that the first one tells reaches the second. */
async function startTwo(t: TestContext, isDeaf = false) {
  const clock = createClock(NOW);
  const one = await startCacheProcess(t, { url: server.url, clock });
  const other = await startCacheProcess(t, { url: server.url, clock, isDeaf });
  return { clock, one, other, key: someKey() };
}

/** An entry that lives long enough for every test; fetched so many milliseconds after the first. */
const entryAt = (ms: number, body = 'same') =>
  someEntry(body, {
    fetchedAt: NOW + ms,
    staleAt: NOW + 60_000,
    revalidateUntil: NOW + 70_000,
    deleteAt: NOW + 80_000,
  });

/** Writes without telling anybody. */
async function write({ tiers }: { readonly tiers: Tiers }, key: CacheKey, entry = entryAt(0)) {
  return tiers.write(key, entry, await tiers.look(key));
}

/** Fetches under a lease, and tells. */
async function fetchInto({ tiers }: { readonly tiers: Tiers }, key: CacheKey, entry = entryAt(0)) {
  const look = await tiers.look(key);
  return tiers.fetch(key, { look, fetch: async () => ({ entry }), signal: never });
}

const bodyOf = async ({ tiers }: { readonly tiers: Tiers }, key: CacheKey) =>
  (await tiers.recall(key))?.entry.body.toString();

test('what is in memory is at hand without waiting', async (t) => {
  const { one, clock, key } = await startTwo(t);
  assert.equal(one.tiers.recall(key), undefined);
  await write(one, key);
  clock.pass(TRUST_MS - 1);
  const held = one.tiers.recall(key);
  assert.ok(held && !(held instanceof Promise));
  assert.deepEqual([held.tier, held.entry.body.toString()], ['memory', 'same']);
});

test('a look finds what is in Redis; then it is in memory, too', async (t) => {
  const { one, other, key } = await startTwo(t);
  const nothing = await other.tiers.look(key);
  assert.deepEqual([nothing.entry, nothing.shared?.generation], [undefined, 0]);
  await write(one, key);
  assert.equal(other.tiers.recall(key), undefined, 'memory alone does not know it');
  const look = await other.tiers.look(key);
  assert.deepEqual([look.tier, look.entry?.body.toString()], ['redis', 'same']);
  assert.equal(await bodyOf(other, key), 'same');
  assert.equal((await other.tiers.look(key)).tier, 'memory');
});

test('of two entries a look finds the newer one, in either tier', async (t) => {
  const { one, other, key } = await startTwo(t);
  await write(one, key, entryAt(1, 'in Redis'));
  other.memory.write(key, entryAt(2, 'in memory'), 0);
  const newer = await other.tiers.look(key);
  assert.deepEqual([newer.tier, newer.entry?.body.toString()], ['memory', 'in memory']);
  await write(one, key, entryAt(3, 'newest'));
  const newest = await other.tiers.look(key);
  assert.deepEqual([newest.tier, newest.entry?.body.toString()], ['redis', 'newest']);
  assert.equal(await bodyOf(other, key), 'newest');
});

test('after ten seconds Redis is asked, and what is newer there is taken over', async (t) => {
  const { one, other, clock, key } = await startTwo(t);
  await write(one, key, entryAt(0, 'old'));
  await other.tiers.look(key);
  await write(one, key, entryAt(1, 'new'));
  clock.pass(TRUST_MS - 1);
  assert.equal(await bodyOf(other, key), 'old');
  clock.pass(1);
  assert.equal(await bodyOf(other, key), 'new');
  await write(one, key, entryAt(2, 'newest'));
  clock.pass(TRUST_MS - 1);
  assert.equal(await bodyOf(other, key), 'new', 'asked once in ten seconds');
});

test('the same content, fetched anew elsewhere, keeps what was made of it', async (t) => {
  const { one, other, clock, key } = await startTwo(t);
  await write(one, key);
  await other.tiers.look(key);
  const before = await other.tiers.recall(key);
  await write(one, key, entryAt(7));
  clock.pass(TRUST_MS);
  const anew = await other.tiers.recall(key);
  assert.equal(anew?.entry.instants.fetchedAt, NOW + 7);
  assert.equal(anew?.entry.representations, before?.entry.representations);
  assert.equal(anew?.entry.body, before?.entry.body);
});

test('what is joined anew is taken over, though its oldest part is as old as before', async (t) => {
  const { clock, one, other, key } = await startTwo(t, true);
  await write(one, key);
  await other.tiers.look(key);
  const { instants } = entryAt(0);
  await fetchInto(
    one,
    key,
    someEntry('joined anew', { ...instants, staleAt: instants.staleAt + 1 }),
  );
  clock.pass(TRUST_MS);
  assert.equal(await bodyOf(other, key), 'joined anew');
});

test('after a message Redis is asked at once', async (t) => {
  const { one, other, key } = await startTwo(t);
  await write(one, key, entryAt(0, 'old'));
  await other.tiers.look(key);
  const message = other.nextMessage();
  await fetchInto(one, key, entryAt(1, 'new'));
  await message;
  assert.equal(await bodyOf(other, key), 'new');
  const trusted = other.tiers.recall(key);
  assert.ok(trusted && !(trusted instanceof Promise), 'and then trusted again');
});

test('where Redis has lost it, or holds something older, memory serves', async (t) => {
  const { one, other, clock, key } = await startTwo(t);
  await write(one, key, entryAt(0, 'old'));
  other.memory.write(key, entryAt(1, 'newer'), 0);
  clock.pass(TRUST_MS);
  assert.equal(await bodyOf(other, key), 'newer');
  await one.connection.client.del(key.identity);
  clock.pass(TRUST_MS);
  assert.equal(await bodyOf(other, key), 'newer');
});

test('what is not fresh when it is asked about, and has expired meanwhile, is gone', async (t) => {
  const { one, clock, key } = await startTwo(t);
  await write(one, key);
  clock.pass(80_000);
  assert.equal(await one.tiers.recall(key), undefined);
});

test('an erasure leaves memory by a message', async (t) => {
  const { one, other } = await startTwo(t);
  const [key, field] = twoFields();
  const stranger = someKey();
  for (const each of [key, field, stranger]) {
    await write(one, each);
    await other.tiers.look(each);
  }
  const message = other.nextMessage();
  await one.tiers.erase(key.identity);
  assert.equal((await message).kind, 'erased');
  for (const { tiers } of [one, other]) {
    assert.equal(tiers.recall(key), undefined);
    assert.equal(tiers.recall(field), undefined);
    assert.ok(tiers.recall(stranger));
  }
  assert.equal((await other.tiers.look(key)).entry, undefined);
});

test('an erasure whose message is lost leaves memory after ten seconds, all fields at once', async (t) => {
  const { one, other, clock } = await startTwo(t, true);
  const [key, field] = twoFields();
  const stranger = someKey();
  for (const each of [key, field, stranger]) {
    await write(one, each);
    await other.tiers.look(each);
  }
  await one.tiers.erase(key.identity);
  clock.pass(TRUST_MS - 1);
  assert.equal(await bodyOf(other, key), 'same');
  clock.pass(1);
  assert.equal(await bodyOf(other, key), undefined);
  assert.equal(other.memory.recall(field), undefined);
  assert.equal(await bodyOf(other, stranger), 'same');
});

test('an erasure of which nobody was heard leaves memory with the next look, all fields at once', async (t) => {
  const { one, other } = await startTwo(t, true);
  const [key, field] = twoFields();
  for (const each of [key, field]) {
    await write(one, each);
    await other.tiers.look(each);
  }
  await one.tiers.erase(key.identity);
  assert.equal((await other.tiers.look(field)).entry, undefined);
  assert.equal(other.memory.recall(key), undefined);
});

test('what is written after an erasure stays', async (t) => {
  const { one, other, clock, key } = await startTwo(t, true);
  await write(one, key);
  await one.tiers.erase(key.identity);
  assert.equal(await write(one, key, entryAt(1, 'after')), true);
  await other.tiers.look(key);
  for (let count = 0; count < 3; count += 1) {
    clock.pass(TRUST_MS);
    assert.equal(await bodyOf(one, key), 'after');
    assert.equal(await bodyOf(other, key), 'after');
  }
});

test('what was read or fetched before an erasure is not kept after it, in no tier', async (t) => {
  const { one, other, key } = await startTwo(t, true);
  await write(one, key);
  const look = other.tiers.look(key);
  other.memory.erase(key.identity);
  assert.equal((await look).entry?.body.toString(), 'same');
  assert.equal(other.tiers.recall(key), undefined);

  const seen = await one.tiers.look(key);
  await one.tiers.erase(key.identity);
  assert.equal(await one.tiers.write(key, entryAt(1), seen), false);
  assert.equal(one.tiers.recall(key), undefined);
  assert.equal(await entryOf(one.store, key), undefined);

  const before = await one.tiers.look(key);
  const late = await one.tiers.fetch(key, {
    look: before,
    signal: never,
    fetch: async () => {
      await one.tiers.erase(key.identity);
      return { entry: entryAt(2, 'late') };
    },
  });
  assert.deepEqual([late.entry.body.toString(), late.stored], ['late', false]);
  assert.equal(one.tiers.recall(key), undefined);
  assert.equal(await entryOf(one.store, key), undefined);
});

test('what is fetched after an erasure is kept, though the wait for it had begun before', async (t) => {
  const { one, other, key } = await startTwo(t);
  const late = Promise.withResolvers<void>();
  const first = one.tiers.fetch(key, {
    look: await one.tiers.look(key),
    signal: never,
    fetch: async () => {
      await late.promise;
      return { entry: entryAt(0, 'before') };
    },
  });
  await one.nthTurn(1);
  const look = await other.tiers.look(key);
  const fetch = async () => ({ entry: entryAt(1, 'after') });
  const second = other.tiers.fetch(key, { look, fetch, signal: never });
  await other.nthTurn(2);
  const heard = other.nextMessage();
  await one.tiers.erase(key.identity);
  await heard;
  late.resolve();
  assert.equal((await first).stored, false);
  assert.equal((await second).stored, true);
  assert.equal(await bodyOf(other, key), 'after');
  assert.equal(await bodyOf(one, key), undefined);
});

test('looking again finds what is newer, what was there before, and nothing that was erased', async (t) => {
  const key = someKey();
  const one = await startCacheProcess(t, { url: server.url });
  // What this one finds it keeps nowhere.
  const other = await startCacheProcess(t, { url: server.url, isDeaf: true, maxEntryBytes: 3 });
  const newest = async (before: Look) =>
    (await other.tiers.lookAgain(key, before))?.body.toString();
  const nothing = await other.tiers.look(key);
  await write(one, key);
  assert.equal(await newest(nothing), 'same');
  const before = await other.tiers.look(key);
  await one.store.erase(key.identity);
  assert.equal(await newest(before), undefined);
  await write(one, key);
  const seen = await other.tiers.look(key);
  await other.connection.close();
  assert.equal(await newest(seen), 'same');
  await assert.rejects(other.tiers.erase(key.identity));
  assert.equal(await newest(seen), undefined);
});

test('what is fetched is kept in every tier, and keeps what was made of the same content', async (t) => {
  const { one, other, key } = await startTwo(t);
  await write(one, key);
  const made = (await one.tiers.recall(key))?.entry.representations;
  const fetched = await fetchInto(one, key, entryAt(1));
  assert.deepEqual([fetched.stored, fetched.isOthers], [true, false]);
  assert.equal(fetched.entry.representations, made);
  assert.equal(fetched.entry.instants.fetchedAt, NOW + 1);
  assert.equal((await other.tiers.look(key)).tier, 'redis');
});

test('what another process fetches meanwhile is kept in this memory, too', async (t) => {
  const { one, other, key } = await startTwo(t);
  const look = await other.tiers.look(key);
  await fetchInto(one, key);
  const fetch = async () => assert.fail('fetched');
  const taken = await other.tiers.fetch(key, { look, fetch, signal: never });
  assert.deepEqual([taken.isOthers, taken.stored], [true, true]);
  assert.equal(await bodyOf(other, key), 'same');
});

test('what is answered with and not to be kept is in no tier', async (t) => {
  const { one, key } = await startTwo(t);
  for (const process of [one, createLoneProcess()]) {
    const staleIfError = { outcome: 'stale', reason: 'upstream-unavailable', status: 503 } as const;
    const look = await process.tiers.look(key);
    const fetched = await process.tiers.fetch(key, {
      look,
      fetch: async () => ({ entry: entryAt(0), staleIfError }),
      signal: never,
    });
    assert.deepEqual([fetched.stored, fetched.staleIfError], [false, staleIfError]);
    assert.equal(process.tiers.recall(key), undefined);
  }
  assert.equal(await entryOf(one.store, key), undefined);
});

test('a failure is noted by key, held or not, until there is something newer', async (t) => {
  const { one, clock, key } = await startTwo(t);
  one.tiers.noteFailure(key, unavailable);
  one.tiers.noteFailure(key, unavailable);
  const reason = { slug: 'upstream-unavailable', status: 503 };
  const failure = { ...reason, failedAt: NOW, heldFrom: undefined, count: 1, retryAt: NOW + 750 };
  assert.deepEqual((await one.tiers.look(key)).failure, failure);
  await write(one, key);
  assert.deepEqual(one.tiers.failureOf(key), failure);
  assert.deepEqual((await one.tiers.look(key)).failure, failure);
  clock.pass(1_000);
  const problem = new Problem('upstream-timeout');
  one.tiers.noteFailure(key, problem);
  assert.deepEqual(one.tiers.failureOf(key), {
    slug: 'upstream-timeout',
    status: 504,
    failedAt: NOW + 1_000,
    heldFrom: NOW,
    count: 2,
    retryAt: NOW + 1_000 + 1_500,
  });
  await fetchInto(one, key, entryAt(1));
  assert.equal(one.tiers.failureOf(key), undefined);
});

test('a failure that another process tells of is noted, too', async (t) => {
  const { one, other, key } = await startTwo(t);
  await write(one, key);
  await other.tiers.look(key);
  const look = await one.tiers.look(key);
  const message = other.nextMessage();
  const throttled = new Problem('upstream-throttled', { retryAfterSeconds: 30 });
  const fetch = async () => Promise.reject(throttled);
  await assert.rejects(one.tiers.fetch(key, { look, fetch, signal: never }), throttled);
  await message;
  assert.deepEqual(other.tiers.failureOf(key), {
    slug: 'upstream-throttled',
    status: 503,
    failedAt: NOW,
    heldFrom: NOW,
    count: 1,
    retryAt: NOW + 30_000,
  });
});

test('a failure is forgotten when another process tells that it went well', async (t) => {
  const { one, other, key } = await startTwo(t);
  other.tiers.noteFailure(key, unavailable);
  const message = other.nextMessage();
  await fetchInto(one, key);
  assert.equal((await message).kind, 'filled');
  assert.equal(other.tiers.failureOf(key), undefined);
});

test('a verdict on the search that another process tells of is no failure to back off from', async (t) => {
  const { one, other, key } = await startTwo(t);
  await write(one, key);
  await other.tiers.look(key);
  const look = await one.tiers.look(key);
  const message = other.nextMessage();
  const refused = new Problem('rejected-by-upstream');
  const fetch = async () => Promise.reject(refused);
  await assert.rejects(one.tiers.fetch(key, { look, fetch, signal: never }), refused);
  await message;
  assert.equal(other.tiers.failureOf(key), undefined);
});

test('while Redis fails memory serves, and Redis is asked once in ten seconds', async (t) => {
  const lost = await startRedis();
  const one = await startCacheProcess(t, { url: lost.url });
  const key = someKey();
  await write(one, key);
  await lost.stop();
  await one.events.nth('redis-state', 2);
  one.clock.pass(TRUST_MS);
  const held = await Promise.all(Array.from({ length: 5 }, () => bodyOf(one, key)));
  assert.deepEqual(held, Array(5).fill('same'));
  assert.equal(one.events.of('store-failed').length, 1);
  one.clock.pass(TRUST_MS - 1);
  assert.equal(await bodyOf(one, key), 'same');
  assert.equal(one.events.of('store-failed').length, 1);

  const look = await one.tiers.look(key);
  assert.deepEqual(
    [look.tier, look.shared, look.entry?.body.toString()],
    ['memory', undefined, 'same'],
  );
  const fetched = await fetchInto(one, key, entryAt(1, 'alone'));
  assert.deepEqual([fetched.stored, fetched.isOthers], [true, false]);
  assert.equal(await write(one, someKey()), true);
  assert.equal(await bodyOf(one, key), 'alone');
  await assert.rejects(one.tiers.erase(key.identity));
  assert.equal(one.tiers.recall(key), undefined, 'here it is erased all the same');
});

test('without Redis memory is all there is', async () => {
  const one = createLoneProcess(100);
  const key = someKey();
  assert.equal((await fetchInto(one, key)).stored, true);
  one.clock.pass(60_000);
  const held = one.tiers.recall(key);
  assert.ok(held && !(held instanceof Promise), 'there is nobody to ask');
  assert.equal((await fetchInto(one, key, entryAt(1, 'x'.repeat(101)))).stored, false);
  assert.equal(one.tiers.recall(key), undefined);
  assert.equal(await write(one, key), true);
  const fails = async () => Promise.reject(unavailable);
  const look = await one.tiers.look(key);
  await assert.rejects(one.tiers.fetch(key, { look, fetch: fails, signal: never }), unavailable);
  await one.tiers.erase(key.identity);
  assert.equal(one.tiers.recall(key), undefined);
});
