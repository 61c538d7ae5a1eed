// Fetching under a lease, as processes do that share a Redis: one fetches, the others take what it brings.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Brought } from '../../src/cache/leases.ts';
import type { CacheKey } from '../../src/domain/cache-key.ts';
import { isProblem, Problem } from '../../src/domain/problem.ts';
import { type CacheProcessOptions, startCacheProcess } from '../support/cache-process.ts';
import { NOW } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';
import { entryOf, keep, someEntry, someKey } from '../support/store-contract.ts';

const server = await startRedis();
after(() => server.stop());

const NOTHING: Buffer = Buffer.alloc(0);
const never = new AbortController().signal;
const LONG_MS = 3_600_000;

type Options = Omit<CacheProcessOptions, 'url'>;

/** Two processes, of which the first asks first in each test. */
async function startTwo(t: TestContext, forBoth: Options = {}, forOther: Options = {}) {
  const { url } = server;
  const one = await startCacheProcess(t, { url, ...forBoth });
  const other = await startCacheProcess(t, { url, ...forBoth, ...forOther });
  return { one, other, key: someKey() };
}

/** A fetch that brings something, or fails, when the test says so. */
function createFetch() {
  const begun = Promise.withResolvers<void>();
  const work = Promise.withResolvers<Brought>();
  let times = 0;
  return {
    times: () => times,
    begun: begun.promise,
    bring: (body: string, rest: Partial<Brought> = {}) =>
      work.resolve({ entry: someEntry(body), ...rest }),
    fail: work.reject,
    fetching: (signal = never, seen = NOTHING) => ({
      seen,
      signal,
      fetch: () => {
        times += 1;
        begun.resolve();
        return work.promise;
      },
    }),
  };
}

const outcomes = ({ events }: Awaited<ReturnType<typeof startCacheProcess>>) =>
  events.of('lease').map(({ outcome }) => outcome);
const leaseOf = ({ identity, field }: CacheKey) => `${identity}:lease:${field}`;

test('one process fetches, and what it brings is taken by another that asks meanwhile', async (t) => {
  const { one, other, key } = await startTwo(t);
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const adopted = other.leases.fetch(key, yours.fetching());
  assert.equal(await other.nthTurn(2), 'held');
  mine.bring('brought');
  const own = await fetched;
  assert.equal(own?.entry.body.toString(), 'brought');
  assert.deepEqual(
    [own?.stored, own?.isCurrent, own?.isOthers, own?.generation],
    [true, true, false, 0],
  );
  const taken = await adopted;
  assert.equal(taken?.entry.body.toString(), 'brought');
  assert.deepEqual([taken?.stored, taken?.isCurrent, taken?.isOthers], [true, true, true]);
  assert.deepEqual([mine.times(), yours.times()], [1, 0]);
  assert.deepEqual([outcomes(one), outcomes(other)], [['stored'], ['joined']]);
});

test('what another has brought since it was looked at is taken at once', async (t) => {
  const { one, other, key } = await startTwo(t);
  const [mine, yours] = [createFetch(), createFetch()];
  mine.bring('brought');
  await one.leases.fetch(key, mine.fetching());
  const taken = await other.leases.fetch(key, yours.fetching());
  assert.equal(taken?.isOthers, true);
  assert.equal(yours.times(), 0);
  const { seen } = await one.store.read(key);
  yours.bring('brought anew');
  const anew = await other.leases.fetch(key, yours.fetching(never, seen));
  assert.deepEqual([anew?.isOthers, anew?.entry.body.toString()], [false, 'brought anew']);
});

test('what is there and not fresh is not taken, but fetched anew', async (t) => {
  const { one, key } = await startTwo(t);
  await keep(one.store, key, someEntry('stale', { staleAt: NOW }));
  const fetch = createFetch();
  fetch.bring('fetched');
  const fetched = await one.leases.fetch(key, fetch.fetching());
  assert.equal(fetched?.entry.body.toString(), 'fetched');
  assert.equal((await entryOf(one.store, key))?.body.toString(), 'fetched');
});

test('a failure is told to those who wait: they fail with it, and do not try themselves', async (t) => {
  const { one, other, key } = await startTwo(t);
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const waiting = other.leases.fetch(key, yours.fetching());
  await other.nthTurn(2);
  const problem = new Problem('upstream-throttled', { retryAfterSeconds: 7 });
  mine.fail(problem);
  await assert.rejects(fetched, problem);
  await assert.rejects(waiting, (error) => {
    assert.ok(isProblem(error, 'upstream-throttled'));
    assert.equal(error.retryAfterSeconds, 7);
    return true;
  });
  assert.equal(yours.times(), 0);
  assert.deepEqual([outcomes(one), outcomes(other)], [['released'], []]);
});

test('a fault of ours is not told: the next one tries', async (t) => {
  const { one, other, key } = await startTwo(t);
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const waiting = other.leases.fetch(key, yours.fetching());
  await other.nthTurn(2);
  mine.fail(new RangeError('ours'));
  await assert.rejects(fetched, RangeError);
  await yours.begun;
  yours.bring('yours');
  assert.equal((await waiting)?.isOthers, false);
});

test('what is answered with and not to be kept is not kept: the next one tries', async (t) => {
  const { one, other, key } = await startTwo(t);
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const waiting = other.leases.fetch(key, yours.fetching());
  await other.nthTurn(2);
  const staleIfError = { outcome: 'stale', reason: 'upstream-unavailable', status: 503 } as const;
  mine.bring('stale', { staleIfError });
  const brought = await fetched;
  assert.deepEqual(
    [brought?.stored, brought?.isCurrent, brought?.staleIfError],
    [false, false, staleIfError],
  );
  await yours.begun;
  yours.bring('yours');
  assert.equal((await waiting)?.stored, true);
  assert.deepEqual([outcomes(one), outcomes(other)], [['released'], ['stored']]);
});

test('a holder that has died is replaced when its lease ends', async (t) => {
  const { one, other, key } = await startTwo(t, { leaseMs: 200 });
  const turn = await one.store.take(key, 'dead', NOTHING);
  assert.ok(turn.turn === 'taken');
  const yours = createFetch();
  const replacing = other.leases.fetch(key, yours.fetching());
  assert.equal(await other.nthTurn(1), 'held');
  await yours.begun;
  yours.bring('yours');
  assert.equal((await replacing)?.stored, true);
  // It was not dead, only slow.
  assert.equal(await one.store.fill(key, someEntry('late'), { ...turn, token: 'dead' }), 'lost');
  assert.equal((await entryOf(one.store, key))?.body.toString(), 'yours');
});

test('a holder that lives keeps its lease beyond its time', async (t) => {
  const { one, other, key } = await startTwo(t, { leaseMs: 800, renewMs: 40 });
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const waiting = other.leases.fetch(key, yours.fetching());
  // The third time is when the lease should have ended.
  assert.equal(await other.nthTurn(3), 'held');
  mine.bring('mine');
  assert.equal((await fetched)?.stored, true);
  assert.equal((await waiting)?.entry.body.toString(), 'mine');
  assert.equal(yours.times(), 0);
});

test('one who has lost the lease answers with what it fetched, and overwrites nothing', async (t) => {
  const { one, other, key } = await startTwo(t);
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  await one.connection.client.del(leaseOf(key));
  yours.bring('newer');
  assert.equal((await other.leases.fetch(key, yours.fetching()))?.stored, true);
  mine.bring('older');
  const late = await fetched;
  assert.equal(late?.entry.body.toString(), 'older');
  assert.deepEqual([late?.stored, late?.isCurrent], [false, false]);
  assert.deepEqual(outcomes(one), ['lost']);
  assert.equal((await entryOf(one.store, key))?.body.toString(), 'newer');
});

test('what was being fetched when the identity was erased is not kept', async (t) => {
  const { one, other, key } = await startTwo(t);
  const mine = createFetch();
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  await other.store.erase(key.identity);
  mine.bring('too late');
  const late = await fetched;
  assert.deepEqual([late?.stored, late?.isCurrent], [false, false]);
  assert.deepEqual(outcomes(one), ['erased']);
  assert.equal(await entryOf(one.store, key), undefined);
});

test('what is too large to keep is answered with, and those who wait fetch for themselves', async (t) => {
  const { one, other, key } = await startTwo(t, { maxEntryBytes: 10 });
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const waiting = other.leases.fetch(key, yours.fetching());
  await other.nthTurn(2);
  mine.bring('eleven byte');
  const large = await fetched;
  assert.deepEqual([large?.stored, large?.isCurrent], [false, true]);
  await yours.begun;
  yours.bring('fits');
  assert.equal((await waiting)?.stored, true);
  assert.deepEqual(outcomes(one), ['too-large']);
});

test('waiting ends with the signal; the fetch of the other goes on', async (t) => {
  const { one, other, key } = await startTwo(t);
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const controller = new AbortController();
  const waiting = other.leases.fetch(key, yours.fetching(controller.signal));
  await other.nthTurn(2);
  controller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  await assert.rejects(other.leases.fetch(key, yours.fetching(controller.signal)), {
    name: 'AbortError',
  });
  assert.equal(yours.times(), 0);
  mine.bring('mine');
  assert.equal((await fetched)?.stored, true);
});

test('one who hears nothing looks again by itself, long before the lease ends', async (t) => {
  const { one, other, key } = await startTwo(t, { leaseMs: LONG_MS }, { isDeaf: true });
  const [mine, yours] = [createFetch(), createFetch()];
  const fetched = one.leases.fetch(key, mine.fetching());
  await mine.begun;
  const waiting = other.leases.fetch(key, yours.fetching(AbortSignal.timeout(10_000)));
  await other.nthTurn(2);
  mine.bring('mine');
  await fetched;
  const taken = await waiting;
  assert.deepEqual([taken?.isOthers, taken?.entry.body.toString()], [true, 'mine']);
});

test('many processes: one fetches', async (t) => {
  const { url } = server;
  const processes = await Promise.all(
    Array.from({ length: 4 }, () => startCacheProcess(t, { url })),
  );
  const key = someKey();
  const fetch = createFetch();
  const leased = processes.map(({ leases }) => leases.fetch(key, fetch.fetching()));
  await fetch.begun;
  await Promise.all(processes.map(({ nthTurn }) => nthTurn(1)));
  fetch.bring('brought');
  const all = await Promise.all(leased);
  assert.equal(fetch.times(), 1);
  assert.deepEqual(
    all.map((each) => each?.entry.body.toString()),
    Array(4).fill('brought'),
  );
  assert.equal(all.filter((each) => each?.isOthers).length, 3);
});

test('without Redis there is no lease, and nothing is fetched under one', async (t) => {
  const lost = await startRedis();
  const one = await startCacheProcess(t, { url: lost.url });
  await lost.stop();
  await one.events.nth('redis-state', 2);
  const fetch = createFetch();
  assert.equal(await one.leases.fetch(someKey(), fetch.fetching()), null);
  assert.equal(fetch.times(), 0);
});

test('where Redis is lost while one fetches, what it brings is answered with', async (t) => {
  const lost = await startRedis();
  const one = await startCacheProcess(t, { url: lost.url });
  const fetch = createFetch();
  const fetched = one.leases.fetch(someKey(), fetch.fetching());
  await fetch.begun;
  await lost.stop();
  await one.events.nth('redis-state', 2);
  fetch.bring('brought');
  const own = await fetched;
  assert.deepEqual([own?.stored, own?.isCurrent, own?.isOthers], [false, true, false]);
  assert.deepEqual(outcomes(one), ['failed']);
});
