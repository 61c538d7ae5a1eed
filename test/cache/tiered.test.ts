// The way of a query through the cache: what is answered with, what is fetched, and what an answer says of it.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { createEntry } from '../../src/cache/entry.ts';
import { answerInstead } from '../../src/cache/flight.ts';
import { tieredCache } from '../../src/cache/tiered.ts';
import type { CacheKey } from '../../src/domain/cache-key.ts';
import { instantsFrom } from '../../src/domain/freshness.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Context, Fetched } from '../../src/domain/source.ts';
import {
  type CacheProcess,
  type CacheProcessOptions,
  createLoneProcess,
  startCacheProcess,
} from '../support/cache-process.ts';
import { createClock } from '../support/clock.ts';
import { NOW } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';
import { someKey } from '../support/store-contract.ts';

const server = await startRedis();
after(() => server.stop());

const FRESH_MS = 60_000;
const REVALIDATE_MS = 600_000;
const lifetime = {
  freshMs: FRESH_MS,
  staleWhileRevalidateMs: REVALIDATE_MS,
  staleIfErrorMs: 2 * REVALIDATE_MS,
};
const ask: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};
const refresh: Context = { ...ask, refresh: true };
const unavailable = new Problem('upstream-unavailable');

const miss = { outcome: 'miss', stored: true, collapsed: false };
const REASONS = { 502: 'upstream-invalid', 503: 'upstream-unavailable', 504: 'upstream-timeout' };
const stale = (status: keyof typeof REASONS = 503, reason = REASONS[status]) => ({
  outcome: 'stale',
  reason,
  status,
});
const throttled = stale(503, 'upstream-throttled');
const hit = (tier: 'memory' | 'redis') => ({ outcome: 'hit', tier });

/** What lies below the layer: it numbers its answers, and fails or waits as it is told. */
interface Vendor {
  failure: Error | undefined;
  /** What it waits for before it answers. */
  gate: Promise<void> | undefined;
  staleIfError: Fetched['staleIfError'];
  readonly asked: Context[];
}

/** The layer over a process. */
function layerOver<Process extends CacheProcess>(process: Process, deadlineMs = 10_000) {
  const { clock, events, tiers } = process;
  const vendor: Vendor = {
    failure: undefined,
    gate: undefined,
    staleIfError: undefined,
    asked: [],
  };
  const path: string[] = [];
  const layer = tieredCache<CacheKey>({
    keyOf: (key) => key,
    tiers,
    deadlineMs,
    now: clock.now,
    emit: (event) => {
      events.add(event);
      if (event.type === 'cache-read') path.push(`${event.outcome} ${event.tier}`);
      else if (event.type !== 'flight-begun') path.push(event.type);
    },
  });
  const source = layer(async (_key, context) => {
    vendor.asked.push(context);
    const count = vendor.asked.length;
    const { promise, reject } = Promise.withResolvers<never>();
    context.signal?.addEventListener('abort', () => reject(new Problem('upstream-unavailable')));
    promise.catch(() => undefined);
    await Promise.race([vendor.gate, promise]);
    if (vendor.failure) throw vendor.failure;
    const { staleIfError } = vendor;
    const body = Buffer.from(`answer ${count}`);
    const instants = instantsFrom(clock.now(), lifetime, 0.5);
    return { body, instants, ...(staleIfError && { staleIfError }) };
  });
  return {
    ...process,
    vendor,
    /** The answer, where it says it came from, and what happened. */
    async ask(key: CacheKey, context = ask) {
      path.length = 0;
      const { entry, provenance } = await source(key, context);
      return { body: entry.body.toString(), provenance, path: [...path] };
    },
    /** Waits for the end of so many refreshes (in all) behind callers' backs. */
    refreshed: async (count: number) => (await events.nth('background-refresh', count)).outcome,
  };
}

const start = async (t: TestContext, options: Partial<CacheProcessOptions> = {}) =>
  layerOver(await startCacheProcess(t, { url: server.url, ...options }));
const startAlone = () => layerOver(createLoneProcess());

/** Begins to hold back what the vendor says. */
function hold(vendor: Vendor): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  vendor.gate = promise;
  return () => {
    vendor.gate = undefined;
    resolve();
  };
}

/** Resolves when the vendor has been asked so often. */
async function askedFor(vendor: Vendor, count: number): Promise<void> {
  while (vendor.asked.length < count) await new Promise(setImmediate);
}

test('the first answer is fetched and stored, the next comes from memory', async (t) => {
  const [one, key] = [await start(t), someKey()];
  const first = await one.ask(key);
  assert.deepEqual(first, { body: 'answer 1', provenance: miss, path: ['miss none'] });
  assert.deepEqual(await one.ask(key), {
    body: 'answer 1',
    provenance: hit('memory'),
    path: ['hit memory'],
  });
  assert.equal(one.vendor.asked.length, 1);
  assert.deepEqual(
    one.events.of('lease').map(({ outcome }) => outcome),
    ['stored'],
  );
});

test('another process finds it in Redis, and then in its own memory', async (t) => {
  const key = someKey();
  await (await start(t)).ask(key);
  const other = await start(t);
  const first = await other.ask(key);
  assert.deepEqual([first.body, first.provenance], ['answer 1', hit('redis')]);
  const second = await other.ask(key);
  assert.deepEqual([second.body, second.provenance], ['answer 1', hit('memory')]);
  assert.deepEqual([...first.path, ...second.path], ['hit redis', 'hit memory']);
  assert.equal(other.vendor.asked.length, 0);
});

test('a refresh is fetched, whatever is there, and what it brings is there for all', async (t) => {
  const [one, key] = [await start(t), someKey()];
  await one.ask(key);
  assert.deepEqual(await one.ask(key, refresh), {
    body: 'answer 2',
    provenance: { ...miss, outcome: 'refresh' },
    path: ['refresh none'],
  });
  assert.equal((await one.ask(key)).body, 'answer 2');
  const other = await (await start(t)).ask(key);
  assert.deepEqual([other.body, other.provenance], ['answer 2', hit('redis')]);
});

test('what is stale is answered with at once, and fetched anew behind, once', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.clock.pass(FRESH_MS);
  const release = hold(one.vendor);
  const answers = await Promise.all([one.ask(key), one.ask(key), one.ask(key)]);
  for (const { body, provenance } of answers) {
    assert.deepEqual([body, provenance], ['answer 1', hit('memory')]);
  }
  assert.deepEqual(one.events.of('cache-read').at(-1)?.outcome, 'stale');
  release();
  assert.equal(await one.refreshed(1), 'ok');
  assert.deepEqual(await one.ask(key), {
    body: 'answer 2',
    provenance: hit('memory'),
    path: ['hit memory'],
  });
  assert.equal(one.vendor.asked.length, 2);
  assert.equal(one.events.of('background-refresh').length, 1);
});

test('a refresh behind has nothing of the caller but its app, and what it asks for', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.clock.pass(FRESH_MS);
  const caller = new AbortController();
  await one.ask(key, { ...ask, app: 'other', signal: caller.signal });
  await one.refreshed(1);
  const [, context] = one.vendor.asked;
  assert.deepEqual([context?.isBackground, context?.refresh, context?.app], [true, false, 'other']);
  assert.ok(context?.signal && context.signal !== caller.signal);
});

test('what is found stale in Redis is answered with and fetched anew, too', async (t) => {
  const [key, clock] = [someKey(), createClock(NOW)];
  await (await start(t, { clock })).ask(key);
  const other = await start(t, { clock });
  clock.pass(FRESH_MS);
  const found = await other.ask(key);
  assert.deepEqual([found.provenance, found.path], [hit('redis'), ['stale redis']]);
  assert.equal(await other.refreshed(1), 'ok');
  assert.equal(other.vendor.asked.length, 1);
  assert.deepEqual((await other.ask(key)).path, ['hit memory']);
});

test('what another process has fetched anew is not fetched again', async (t) => {
  const [key, clock] = [someKey(), createClock(NOW)];
  const [one, other] = [await start(t, { clock, isDeaf: true }), await start(t, { clock })];
  await one.ask(key);
  clock.pass(FRESH_MS - 5_000);
  await one.ask(key);
  clock.pass(5_000);
  await other.ask(key);
  await other.refreshed(1);
  // Stale in this memory, and trusted still.
  assert.deepEqual((await one.ask(key)).path, ['stale memory']);
  assert.equal(await one.refreshed(1), 'ok');
  assert.equal(one.vendor.asked.length, 1);
  assert.deepEqual((await one.ask(key)).path, ['hit memory']);
});

test('one who works behind a caller gets nothing stale', async () => {
  const [one, key] = [startAlone(), someKey()];
  const behind = { ...ask, isBackground: true };
  await one.ask(key);
  assert.equal((await one.ask(key, behind)).body, 'answer 1');
  one.clock.pass(FRESH_MS);
  const anew = await one.ask(key, behind);
  assert.deepEqual([anew.body, anew.provenance], ['answer 2', miss]);
});

test('past the time to revalidate it is fetched while the caller waits', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.clock.pass(FRESH_MS + REVALIDATE_MS);
  assert.deepEqual(await one.ask(key), {
    body: 'answer 2',
    provenance: miss,
    path: ['miss none'],
  });
});

test('if that fails what is kept is used, until it expires', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.vendor.failure = new Problem('upstream-timeout');
  one.clock.pass(FRESH_MS + REVALIDATE_MS);
  assert.deepEqual(await one.ask(key), {
    body: 'answer 1',
    provenance: stale(504),
    path: ['stale-if-error none'],
  });
  one.clock.pass(REVALIDATE_MS - 1);
  assert.deepEqual((await one.ask(key)).provenance, stale(504));
  one.clock.pass(1);
  await assert.rejects(one.ask(key), { slug: 'upstream-timeout' });
});

test('so it is with what is kept in Redis alone', async (t) => {
  const [key, clock] = [someKey(), createClock(NOW)];
  await (await start(t, { clock })).ask(key);
  const other = await start(t, { clock });
  other.vendor.failure = unavailable;
  clock.pass(FRESH_MS + REVALIDATE_MS);
  const used = await other.ask(key);
  assert.deepEqual([used.body, used.provenance], ['answer 1', stale()]);
});

test('after a failure there is a wait, in which what is kept is used without trying', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.clock.pass(FRESH_MS + REVALIDATE_MS);
  // Half of each wait is sure, half is by chance; here chance is in the middle.
  for (const [index, wait] of [750, 1_500, 3_000].entries()) {
    one.vendor.failure = new Problem('upstream-unavailable');
    assert.deepEqual((await one.ask(key)).provenance, stale());
    assert.equal(one.vendor.asked.length, index + 2);
    one.clock.pass(wait - 1);
    assert.deepEqual((await one.ask(key)).provenance, stale());
    assert.deepEqual((await one.ask(key, refresh)).provenance, stale());
    assert.equal(one.vendor.asked.length, index + 2);
    one.clock.pass(1);
  }
  one.vendor.failure = undefined;
  assert.deepEqual((await one.ask(key)).provenance, miss);
  one.vendor.failure = unavailable;
  one.clock.pass(FRESH_MS + REVALIDATE_MS);
  await one.ask(key);
  one.clock.pass(750);
  const count = one.vendor.asked.length;
  await one.ask(key);
  assert.equal(one.vendor.asked.length, count + 1, 'after a success the waits begin anew');
});

test('a refresh behind that fails is followed by a wait, in which the answer is a plain hit', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.vendor.failure = new Problem('upstream-throttled', { retryAfterSeconds: 30 });
  one.clock.pass(FRESH_MS);
  assert.deepEqual((await one.ask(key)).provenance, hit('memory'));
  assert.equal(await one.refreshed(1), 'failed');
  one.clock.pass(29_999);
  assert.deepEqual((await one.ask(key)).provenance, hit('memory'));
  assert.equal(one.vendor.asked.length, 2, 'what the vendor says about waiting is obeyed');
  one.vendor.failure = undefined;
  one.clock.pass(1);
  assert.equal((await one.ask(key)).body, 'answer 1');
  assert.equal(await one.refreshed(2), 'ok');
  assert.equal((await one.ask(key)).body, 'answer 3');
});

test('a fault of ours behind a caller is told, and harms nobody', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.vendor.failure = new RangeError('ours');
  one.clock.pass(FRESH_MS);
  assert.equal((await one.ask(key)).body, 'answer 1');
  assert.equal(await one.refreshed(1), 'failed');
  assert.equal((await one.events.nth('internal-error', 1)).name, 'RangeError');
  assert.equal((await one.ask(key)).body, 'answer 1');
});

test('a refresh that fails is answered with what is kept, though that is fresh', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.vendor.failure = unavailable;
  assert.deepEqual(await one.ask(key, refresh), {
    body: 'answer 1',
    provenance: stale(),
    path: ['stale-if-error none'],
  });
  assert.deepEqual((await one.ask(key)).provenance, hit('memory'));
});

test('a verdict on the search is thrown on, though something is kept, and there is no wait', async () => {
  for (const slug of ['rejected-by-upstream', 'internal-error'] as const) {
    const [one, key] = [startAlone(), someKey()];
    await one.ask(key);
    one.vendor.failure = new Problem(slug);
    await assert.rejects(one.ask(key, refresh), { slug });
    one.clock.pass(FRESH_MS + REVALIDATE_MS);
    await assert.rejects(one.ask(key), { slug });
    one.vendor.failure = undefined;
    assert.equal((await one.ask(key)).body, 'answer 4');
  }
});

test('many who ask at once are one flight', async (t) => {
  for (const one of [startAlone(), await start(t)]) {
    const key = someKey();
    const answers = await Promise.all(Array.from({ length: 100 }, () => one.ask(key)));
    assert.equal(one.vendor.asked.length, 1);
    assert.ok(answers.every(({ body }) => body === 'answer 1'));
    const provenances = answers.map(({ provenance }) => provenance);
    assert.deepEqual(provenances[0], miss);
    for (const each of provenances.slice(1)) assert.deepEqual(each, { ...miss, collapsed: true });
    assert.equal(one.events.of('flight-joined').length, 99);
    assert.equal(one.events.of('cache-read').length, 100);
  }
});

test('a flight that fails, fails once for all, and nothing is remembered of it', async () => {
  const [one, key] = [startAlone(), someKey()];
  one.vendor.failure = unavailable;
  const asked = Array.from({ length: 10 }, () => one.ask(key));
  for (const each of asked) await assert.rejects(each, unavailable);
  assert.equal(one.vendor.asked.length, 1);
  assert.equal(one.tiers.recall(key), undefined);
  await assert.rejects(one.ask(key), unavailable);
  assert.equal(one.vendor.asked.length, 2);
  one.vendor.failure = undefined;
  assert.deepEqual((await one.ask(key)).provenance, miss);
});

test('a refresh joins a fetch under way, and says that it was one', async () => {
  const [one, key] = [startAlone(), someKey()];
  await one.ask(key);
  one.clock.pass(FRESH_MS);
  const release = hold(one.vendor);
  await one.ask(key);
  await askedFor(one.vendor, 2);
  const refreshes = [one.ask(key, refresh), one.ask(key, refresh)];
  release();
  for (const { body, provenance } of await Promise.all(refreshes)) {
    assert.equal(body, 'answer 2');
    assert.deepEqual(provenance, { outcome: 'refresh', stored: true, collapsed: true });
  }
  assert.equal(one.vendor.asked.length, 2);
});

test('one who joins a refresh says that it was a miss', async () => {
  const [one, key] = [startAlone(), someKey()];
  const [refreshed, missed] = await Promise.all([one.ask(key, refresh), one.ask(key)]);
  assert.deepEqual(refreshed.provenance, { ...miss, outcome: 'refresh' });
  assert.deepEqual(missed.provenance, { ...miss, collapsed: true });
  assert.equal(one.vendor.asked.length, 1);
});

test('what others found in Redis is no refresh: that is fetched', async (t) => {
  const [key, clock] = [someKey(), createClock(NOW)];
  await (await start(t, { clock })).ask(key);
  const other = await start(t, { clock });
  clock.pass(1);
  const [found, first, second] = await Promise.all([
    other.ask(key),
    other.ask(key, refresh),
    other.ask(key, refresh),
  ]);
  assert.deepEqual(found.provenance, hit('redis'));
  assert.deepEqual([first.provenance.outcome, second.provenance.outcome], ['refresh', 'refresh']);
  assert.equal(other.vendor.asked.length, 1);
});

test('over processes, too, one fetches; the others say that theirs was collapsed', async (t) => {
  const [key, clock] = [someKey(), createClock(NOW)];
  const [one, other] = [await start(t, { clock }), await start(t, { clock })];
  const release = hold(one.vendor);
  const first = one.ask(key);
  await askedFor(one.vendor, 1);
  const second = other.ask(key);
  await other.nthTurn(2);
  release();
  assert.deepEqual((await first).provenance, miss);
  assert.deepEqual((await second).provenance, { ...miss, collapsed: true });
  assert.equal(other.vendor.asked.length, 0);
  assert.deepEqual((await other.ask(key)).path, ['hit memory']);
});

test('a failure over processes is used by all of them, and is one failure for each', async (t) => {
  const [key, clock] = [someKey(), createClock(NOW)];
  const [one, other] = [await start(t, { clock }), await start(t, { clock })];
  await one.ask(key);
  await other.ask(key);
  clock.pass(FRESH_MS + REVALIDATE_MS);
  one.vendor.failure = unavailable;
  const release = hold(one.vendor);
  const first = one.ask(key);
  await askedFor(one.vendor, 2);
  const second = other.ask(key);
  await other.nthTurn(2);
  release();
  assert.deepEqual((await first).provenance, stale());
  assert.deepEqual((await second).provenance, stale());
  assert.equal(other.vendor.asked.length, 0);
  assert.equal(one.tiers.failureOf(key)?.count, 1);
  assert.equal(other.tiers.failureOf(key)?.count, 1);
});

/** Two over one Redis; of what the second one does the first hears nothing, and it cannot hold a lease. */
async function startDeaf(t: TestContext) {
  const [key, clock] = [someKey(), createClock(NOW)];
  const one = await start(t, { clock, isDeaf: true });
  const other = await start(t, { clock });
  const bring = async () => {
    clock.pass(1);
    const instants = instantsFrom(clock.now(), lifetime, 0.5);
    const entry = createEntry(Buffer.from("another's"), instants);
    return other.tiers.write(key, entry, await other.tiers.look(key));
  };
  return { key, clock, one, bring };
}

test('one who fails answers with what another has brought meanwhile, heard of or not', async (t) => {
  const { key, one, bring } = await startDeaf(t);
  for (const [context, outcome] of [[ask, 'miss'] as const, [refresh, 'refresh'] as const]) {
    one.vendor.failure = unavailable;
    const release = hold(one.vendor);
    const count = one.vendor.asked.length;
    const asked = one.ask(key, context);
    await askedFor(one.vendor, count + 1);
    assert.equal(await bring(), true);
    release();
    const { body, provenance } = await asked;
    assert.deepEqual([body, provenance], ["another's", { ...miss, outcome, collapsed: true }]);
    assert.equal(one.tiers.failureOf(key), undefined);
  }
});

test('if that is stale by then, it is used as stale', async (t) => {
  const { key, clock, one, bring } = await startDeaf(t);
  one.vendor.failure = unavailable;
  const release = hold(one.vendor);
  const asked = one.ask(key);
  await askedFor(one.vendor, 1);
  await bring();
  clock.pass(FRESH_MS);
  release();
  const { body, provenance } = await asked;
  assert.deepEqual([body, provenance], ["another's", stale()]);
  assert.equal(one.tiers.failureOf(key)?.count, 1);
});

test('a failure before what is kept was fetched is over', async (t) => {
  const { key, clock, one, bring } = await startDeaf(t);
  await one.ask(key);
  one.vendor.failure = new Problem('upstream-throttled', { retryAfterSeconds: 30 });
  assert.deepEqual((await one.ask(key, refresh)).provenance, throttled);
  one.vendor.failure = undefined;
  await bring();
  assert.deepEqual((await one.ask(key, refresh)).provenance, throttled, 'there is a wait');
  clock.pass(10_000);
  const { provenance } = await one.ask(key, refresh);
  assert.deepEqual(provenance, { ...miss, outcome: 'refresh' });
});

test('where Redis could not be asked before, what it holds is no sign of success', async (t) => {
  const { key, one, bring } = await startDeaf(t);
  await bring();
  const look = { ...(await one.tiers.look(key)), entry: undefined, shared: undefined };
  const instead = await answerInstead(
    unavailable,
    { key, look, wish: refresh },
    { tiers: one.tiers, now: one.clock.now },
  );
  assert.deepEqual(instead?.provenance, stale());
  assert.equal(one.tiers.failureOf(key)?.count, 1);
});

test('past the deadline it is a timeout, for all who wait', async () => {
  const [one, key] = [layerOver(createLoneProcess(), 5), someKey()];
  hold(one.vendor);
  const asked = [one.ask(key), one.ask(key)];
  // The timer of a deadline alone keeps no process alive.
  const alive = setInterval(() => undefined, 1_000);
  for (const each of asked) await assert.rejects(each, { slug: 'upstream-timeout' });
  assert.equal(one.vendor.asked[0]?.signal?.aborted, true);
  one.vendor.gate = undefined;
  await one.ask(key);
  hold(one.vendor);
  assert.deepEqual((await one.ask(key, refresh)).provenance, stale(504));
  clearInterval(alive);
});

test('waiting for another process ends with the deadline, too', async (t) => {
  const key = someKey();
  const process = await startCacheProcess(t, { url: server.url });
  const one = layerOver(process, 20);
  await process.store.take(key, 'of another', Buffer.alloc(0));
  await assert.rejects(one.ask(key), { slug: 'upstream-timeout' });
  assert.equal(one.vendor.asked.length, 0);
});

test('what is below its time further down is passed on as that, and not kept', async () => {
  const [one, key] = [startAlone(), someKey()];
  one.vendor.staleIfError = { outcome: 'stale', reason: 'upstream-invalid', status: 502 };
  assert.deepEqual(await one.ask(key), {
    body: 'answer 1',
    provenance: stale(502),
    path: ['stale-if-error none'],
  });
  one.vendor.staleIfError = undefined;
  assert.deepEqual((await one.ask(key)).provenance, miss);
});

test('a Redis that fails is a miss; memory keeps the answer all the same', async (t) => {
  const lost = await startRedis();
  const one = layerOver(await startCacheProcess(t, { url: lost.url }));
  await lost.stop();
  await one.events.nth('redis-state', 2);
  const key = someKey();
  const answers = await Promise.all([one.ask(key), one.ask(key)]);
  assert.deepEqual(
    answers.map(({ provenance }) => provenance),
    [miss, { ...miss, collapsed: true }],
  );
  assert.equal(one.vendor.asked.length, 1);
  assert.deepEqual((await one.ask(key)).path, ['hit memory']);
  assert.deepEqual(
    one.events.of('store-failed').map(({ operation }) => operation),
    ['read'],
  );
});

test('an answer that no tier takes is answered all the same, and says that it is not stored', async (t) => {
  for (const one of [layerOver(createLoneProcess(3)), await start(t, { maxEntryBytes: 3 })]) {
    const key = someKey();
    assert.deepEqual((await one.ask(key)).provenance, { ...miss, stored: false });
    assert.equal((await one.ask(key)).body, 'answer 2');
  }
});

test('a fetch that fails is thrown on, and nothing is kept', async (t) => {
  const [one, key] = [await start(t), someKey()];
  one.vendor.failure = unavailable;
  await assert.rejects(one.ask(key), unavailable);
  assert.equal(one.tiers.recall(key), undefined);
  assert.equal((await one.tiers.look(key)).entry, undefined);
});
