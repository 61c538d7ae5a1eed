// Summaries by id: only the missing ones are asked for, and what fails leaves the known ones standing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summaryCache } from '../../src/cache/summary-cache.ts';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Context, Provenance } from '../../src/domain/source.ts';
import type { SummariesQuery, SummaryResult } from '../../src/domain/summaries.ts';
import type { ServiceEvent } from '../../src/telemetry/events.ts';
import {
  type CacheProcess,
  createLoneProcess,
  startCacheProcess,
} from '../support/cache-process.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';
import { startRedis } from '../support/redis.ts';

const keys = createCacheKeys(Buffer.alloc(32, 7));
const tenant = tenantWith();
const DAY_MS = tenant.freshness.closedMs;
const ask: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};
const refresh: Context = { ...ask, refresh: true };
const query = (...interactionIds: readonly string[]): SummariesQuery => ({
  tenant,
  interactionIds,
  owner: null,
});
/** A vendor that knows every id, except those that begin with `no` or `later`. */
function resultOf(id: string): SummaryResult {
  if (id.startsWith('no')) return { id, reason: 'not-found' };
  if (id.startsWith('later')) return { id, reason: 'unavailable' };
  const rest = { status: null, type: null, durationSeconds: null, createdAt: null };
  return { id, summary: { text: `About ${id}`, ...rest } };
}

/** What lies below the layer: it fails or waits as it is told. */
interface Vendor {
  failure: Error | undefined;
  /** What it waits for before it answers. */
  gate: Promise<void> | undefined;
}

/** The layer over a process: by default one without Redis. */
function layerOver({ clock, tiers }: CacheProcess = createLoneProcess()) {
  const asked: (readonly string[])[] = [];
  const events: ServiceEvent[] = [];
  const vendor: Vendor = { failure: undefined, gate: undefined };
  const layer = summaryCache({
    keys,
    tiers,
    now: clock.now,
    random: () => 0.5,
    emit: (event) => events.push(event),
  });
  const source = layer(async ({ interactionIds }) => {
    asked.push(interactionIds);
    await vendor.gate;
    if (vendor.failure) throw vendor.failure;
    return interactionIds.filter((id) => !id.startsWith('lost')).map(resultOf);
  });
  const reads = () =>
    events
      .splice(0)
      .map((event) =>
        event.type === 'cache-read'
          ? `${event.kind} ${event.outcome} ${event.tier} ${event.count}`
          : event.type,
      );
  return { clock, tiers, asked, vendor, source, reads };
}

const stored: Provenance = { outcome: 'miss', stored: true, collapsed: false };
const stale: Provenance = { outcome: 'stale', reason: 'upstream-unavailable', status: 503 };
const unavailable = new Problem('upstream-unavailable');

test('each id is an entry of its own: only the missing ones are asked for, the order stays', async () => {
  const { source, asked, reads } = layerOver();
  const first = await source(query('a', 'no-b'), ask);
  assert.deepEqual(first.results, ['a', 'no-b'].map(resultOf));
  assert.deepEqual(first.provenance, stored);
  const second = await source(query('c', 'no-b', 'd', 'a'), ask);
  assert.deepEqual(second.results, ['c', 'no-b', 'd', 'a'].map(resultOf));
  assert.deepEqual(second.provenance, stored);
  assert.deepEqual((await source(query('d', 'c'), ask)).provenance, {
    outcome: 'hit',
    tier: 'memory',
  });
  assert.deepEqual(asked, [
    ['a', 'no-b'],
    ['c', 'd'],
  ]);
  assert.deepEqual(reads(), [
    'summary miss none 2',
    'summary hit memory 2',
    'summary miss none 2',
    'summary hit memory 2',
  ]);
});

test('another process finds them in Redis; with some in memory the answer is from Redis', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const { url } = server;
  const first = layerOver(await startCacheProcess(t, { url }));
  await first.source(query('a', 'b'), ask);
  const { source, asked, reads } = layerOver(await startCacheProcess(t, { url }));
  const hit = { outcome: 'hit', tier: 'redis' };
  assert.deepEqual((await source(query('a'), ask)).provenance, hit);
  assert.deepEqual((await source(query('a', 'b'), ask)).provenance, hit);
  assert.deepEqual(asked, []);
  assert.deepEqual(reads(), ['summary hit redis 1', 'summary hit memory 1', 'summary hit redis 1']);
});

test('an answer is fresh for its shortest part: a day, a minute or five seconds', async () => {
  const { source } = layerOver();
  const freshMs = async (...ids: readonly string[]) =>
    (await source(query(...ids), ask)).instants.staleAt - NOW;
  assert.equal(await freshMs('a'), DAY_MS);
  assert.equal(await freshMs('a', 'no-b'), 60_000);
  assert.equal(await freshMs('a', 'no-b', 'later-c'), 5_000);
});

test('each kind is asked for anew when its own time is over', async () => {
  const { source, asked, clock } = layerOver();
  const all = query('a', 'no-b', 'later-c');
  let before = 0;
  for (const at of [0, 4_999, 5_000, 59_999, 60_000, DAY_MS]) {
    clock.pass(at - before);
    before = at;
    await source(all, ask);
  }
  assert.deepEqual(asked, [
    ['a', 'no-b', 'later-c'],
    ['later-c'],
    ['later-c'],
    ['no-b'],
    ['a', 'no-b', 'later-c'],
  ]);
});

test('an answer made of parts is as old as its oldest', async () => {
  const { source, clock } = layerOver();
  await source(query('a'), ask);
  clock.pass(5_000);
  assert.equal((await source(query('a', 'b'), ask)).instants.fetchedAt, NOW);
  assert.equal((await source(query('b'), ask)).instants.fetchedAt, NOW + 5000);
});

test('if the missing ones cannot be had, the known ones are answered and the others unavailable', async () => {
  const { source, asked, vendor } = layerOver();
  await source(query('a'), ask);
  vendor.failure = new Problem('upstream-throttled');
  const { results, provenance, instants } = await source(query('a', 'b'), ask);
  assert.deepEqual(results, [resultOf('a'), { id: 'b', reason: 'unavailable' }]);
  assert.deepEqual(provenance, { outcome: 'miss', stored: false, collapsed: false });
  assert.equal(instants.staleAt, NOW + 5_000);
  // A failure is not kept: the next request asks again.
  vendor.failure = undefined;
  assert.deepEqual((await source(query('b'), ask)).results, [resultOf('b')]);
  assert.deepEqual(asked, [['a'], ['b'], ['b']]);
});

test('if nothing at all can be had, the problem is thrown on, and nothing is remembered of it', async () => {
  const { source, asked, vendor } = layerOver();
  vendor.failure = new Problem('upstream-throttled', { retryAfterSeconds: 60 });
  await assert.rejects(source(query('a', 'b'), ask), vendor.failure);
  await assert.rejects(source(query('a', 'b'), ask), vendor.failure);
  vendor.failure = undefined;
  assert.deepEqual((await source(query('a', 'b'), ask)).provenance, stored);
  assert.equal(asked.length, 3);
});

test('a fault of ours is not taken for an unavailable summary', async () => {
  const { source, vendor } = layerOver();
  await source(query('a'), ask);
  vendor.failure = new RangeError('ours');
  await assert.rejects(source(query('a', 'b'), ask), RangeError);
});

test('a refresh asks for all of them', async () => {
  const { source, asked, reads } = layerOver();
  await source(query('a', 'b'), ask);
  const { provenance } = await source(query('a', 'b'), refresh);
  assert.deepEqual(provenance, { outcome: 'refresh', stored: true, collapsed: false });
  assert.deepEqual(asked, [
    ['a', 'b'],
    ['a', 'b'],
  ]);
  assert.deepEqual(reads(), ['summary miss none 2', 'summary refresh none 2']);
});

test('a refresh that fails is answered with what is kept; without that it is thrown on', async () => {
  const { source, asked, vendor, reads } = layerOver();
  await source(query('a', 'b'), ask);
  vendor.failure = unavailable;
  const kept = await source(query('a', 'b'), refresh);
  assert.deepEqual(kept.results, ['a', 'b'].map(resultOf));
  assert.deepEqual(kept.provenance, stale);
  assert.deepEqual(reads().slice(1), ['summary stale-if-error none 2']);
  await assert.rejects(source(query('c'), refresh), unavailable);
  // The wait after a failure holds for what is kept.
  await source(query('a', 'b'), refresh);
  assert.deepEqual(asked, [['a', 'b'], ['a', 'b'], ['c']]);
});

test('what is stale is asked for anew; if that fails it is used, until it expires', async () => {
  const { source, asked, vendor, clock } = layerOver();
  await source(query('a'), ask);
  clock.pass(DAY_MS);
  vendor.failure = unavailable;
  const used = await source(query('a'), ask);
  assert.deepEqual([used.results, used.provenance], [[resultOf('a')], stale]);
  assert.equal(used.instants.staleAt, NOW + DAY_MS);
  clock.pass(tenant.freshness.staleIfErrorMs - 1);
  assert.deepEqual((await source(query('a'), ask)).provenance, stale);
  clock.pass(1);
  await assert.rejects(source(query('a'), ask), unavailable);
  assert.deepEqual(asked, [['a'], ['a'], ['a'], ['a']]);
});

test('after a failure there is a wait for what is kept; what is not kept is asked for', async () => {
  const { source, asked, vendor, clock } = layerOver();
  await source(query('a'), ask);
  clock.pass(DAY_MS);
  vendor.failure = new Problem('upstream-throttled', { retryAfterSeconds: 30 });
  await source(query('a'), ask);
  clock.pass(29_999);
  vendor.failure = undefined;
  const both = await source(query('a', 'b'), ask);
  assert.deepEqual(both.results, ['a', 'b'].map(resultOf));
  assert.deepEqual(both.provenance, { ...stale, reason: 'upstream-throttled' });
  clock.pass(1);
  assert.deepEqual((await source(query('a'), ask)).provenance, stored);
  assert.deepEqual(asked, [['a'], ['a'], ['b'], ['a']]);
});

test('what is not there or could not be had is not used past its time', async () => {
  const { source, vendor, clock } = layerOver();
  await source(query('no-a', 'later-b'), ask);
  vendor.failure = unavailable;
  clock.pass(5_000);
  const { results } = await source(query('no-a', 'later-b'), ask);
  assert.deepEqual(results, ['no-a', 'later-b'].map(resultOf));
  clock.pass(55_000);
  await assert.rejects(source(query('no-a'), ask), unavailable);
});

test('a verdict on the search lets nothing stale be used', async () => {
  const { source, vendor, clock } = layerOver();
  await source(query('a', 'b'), ask);
  clock.pass(DAY_MS);
  vendor.failure = new Problem('rejected-by-upstream');
  await assert.rejects(source(query('a', 'b'), ask), vendor.failure);
});

test('each id is asked for once at a time, whoever asks for it', async () => {
  const { source, asked, vendor } = layerOver();
  const { promise, resolve } = Promise.withResolvers<void>();
  vendor.gate = promise;
  const queries = [query('a', 'b'), query('b', 'c'), query('a'), query('c', 'b', 'a')];
  const answers = queries.map((each) => source(each, ask));
  while (asked.length < 2) await new Promise(setImmediate);
  resolve();
  const held = await Promise.all(answers);
  assert.deepEqual(asked, [['a', 'b'], ['c']]);
  assert.deepEqual(
    held.map(({ results }) => results),
    queries.map(({ interactionIds }) => interactionIds.map(resultOf)),
  );
  const collapsed = { ...stored, collapsed: true };
  assert.deepEqual(
    held.map(({ provenance }) => provenance),
    [stored, stored, collapsed, collapsed],
  );
});

test('who joins and what fails: it fails for all, each with what it has, and is not remembered', async () => {
  const { source, asked, vendor } = layerOver();
  await source(query('known'), ask);
  const { promise, resolve } = Promise.withResolvers<void>();
  vendor.gate = promise;
  vendor.failure = unavailable;
  const [alone, joined, partly] = [
    source(query('a'), ask),
    source(query('a'), refresh),
    source(query('known', 'a'), ask),
  ];
  while (asked.length < 2) await new Promise(setImmediate);
  resolve();
  await assert.rejects(alone, unavailable);
  await assert.rejects(joined, unavailable);
  const { results } = await partly;
  assert.deepEqual(results, [resultOf('known'), { id: 'a', reason: 'unavailable' }]);
  vendor.failure = undefined;
  assert.deepEqual((await source(query('a'), ask)).provenance, stored);
  assert.deepEqual(asked, [['known'], ['a'], ['a']]);
});

test('a refresh that joins says that it was one', async () => {
  const { source, asked } = layerOver();
  const [missed, refreshed] = await Promise.all([
    source(query('a'), ask),
    source(query('a'), refresh),
  ]);
  assert.deepEqual(missed.provenance, stored);
  assert.deepEqual(refreshed.provenance, { outcome: 'refresh', stored: true, collapsed: true });
  assert.equal(asked.length, 1);
});

test('summaries joined to a customer are kept apart from those asked for by id', async () => {
  const { source, asked } = layerOver();
  const owner = readQuery('email=ann@example.com').query.identity;
  await source({ ...query('a'), owner }, ask);
  await source(query('a'), ask);
  await source({ ...query('a'), owner }, ask);
  assert.equal(asked.length, 2);
});

test('an id that could not be asked for is unavailable, and asked for again', async () => {
  const { source, asked } = layerOver();
  const first = await source(query('a', 'lost-b'), ask);
  assert.deepEqual(first.results, [resultOf('a'), { id: 'lost-b', reason: 'unavailable' }]);
  assert.deepEqual(first.provenance, { outcome: 'miss', stored: false, collapsed: false });
  await source(query('a', 'lost-b'), ask);
  assert.deepEqual(asked, [['a', 'lost-b'], ['lost-b']]);
});
