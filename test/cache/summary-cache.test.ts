// Summaries by id: only the missing ones are asked for, and what fails leaves the known ones standing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { summaryCache } from '../../src/cache/summary-cache.ts';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Context, Provenance } from '../../src/domain/source.ts';
import type { SummariesQuery, SummaryResult } from '../../src/domain/summaries.ts';
import type { ServiceEvent } from '../../src/telemetry/events.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';

const keys = createCacheKeys(Buffer.alloc(32, 7));
const tenant = tenantWith();
const DAY_MS = tenant.freshness.closedMs;
const ask: Context = { refresh: false, view: { fields: null, hide: new Set(), coding: null } };
const refresh: Context = { ...ask, refresh: true };
const query = (...interactionIds: readonly string[]): SummariesQuery => ({
  tenant,
  interactionIds,
  owner: null,
});
const newStore = () =>
  createMemoryStore({ maxBytes: 1_000_000, maxEntryBytes: 10_000, now: () => NOW });

/** A vendor that knows every id, except those that begin with `no` or `later`. */
function resultOf(id: string): SummaryResult {
  if (id.startsWith('no')) return { id, reason: 'not-found' };
  if (id.startsWith('later')) return { id, reason: 'unavailable' };
  const rest = { status: null, type: null, durationSeconds: null, createdAt: null };
  return { id, summary: { text: `About ${id}`, ...rest } };
}

function startProcess(redis = newStore()) {
  const clock = { at: NOW };
  const asked: (readonly string[])[] = [];
  const events: ServiceEvent[] = [];
  const vendor: { failure: Error | undefined } = { failure: undefined };
  const layer = summaryCache({
    keys,
    tiers: { memory: newStore(), redis },
    now: () => clock.at,
    emit: (event) => events.push(event),
  });
  const source = layer(async ({ interactionIds }) => {
    asked.push(interactionIds);
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
  return { clock, asked, vendor, source, reads };
}

const stored: Provenance = { outcome: 'miss', stored: true };

test('each id is an entry of its own: only the missing ones are asked for, the order stays', async () => {
  const { source, asked, reads } = startProcess();
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

test('another process finds them in Redis; with some in memory the answer is from Redis', async () => {
  const redis = newStore();
  await startProcess(redis).source(query('a', 'b'), ask);
  const { source, asked, reads } = startProcess(redis);
  const hit = { outcome: 'hit', tier: 'redis' };
  assert.deepEqual((await source(query('a'), ask)).provenance, hit);
  assert.deepEqual((await source(query('a', 'b'), ask)).provenance, hit);
  assert.deepEqual(asked, []);
  assert.deepEqual(reads(), ['summary hit redis 1', 'summary hit memory 1', 'summary hit redis 1']);
});

test('an answer is fresh for its shortest part: a day, a minute or five seconds', async () => {
  const { source } = startProcess();
  const freshMs = async (...ids: readonly string[]) =>
    (await source(query(...ids), ask)).instants.staleAt - NOW;
  assert.equal(await freshMs('a'), DAY_MS);
  assert.equal(await freshMs('a', 'no-b'), 60_000);
  assert.equal(await freshMs('a', 'no-b', 'later-c'), 5_000);
});

test('each kind is asked for anew when its own time is over', async () => {
  const { source, asked, clock } = startProcess();
  const all = query('a', 'no-b', 'later-c');
  for (const at of [0, 4_999, 5_000, 59_999, 60_000, DAY_MS]) {
    clock.at = NOW + at;
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
  const { source, clock } = startProcess();
  await source(query('a'), ask);
  clock.at = NOW + 5000;
  assert.equal((await source(query('a', 'b'), ask)).instants.fetchedAt, NOW);
  assert.equal((await source(query('b'), ask)).instants.fetchedAt, NOW + 5000);
});

test('if the missing ones cannot be had, the known ones are answered and the others unavailable', async () => {
  const { source, asked, vendor } = startProcess();
  await source(query('a'), ask);
  vendor.failure = new Problem('upstream-throttled');
  const { results, provenance, instants } = await source(query('a', 'b'), ask);
  assert.deepEqual(results, [resultOf('a'), { id: 'b', reason: 'unavailable' }]);
  assert.deepEqual(provenance, { outcome: 'miss', stored: false });
  assert.equal(instants.staleAt, NOW + 5_000);
  // A failure is not kept: the next request asks again.
  vendor.failure = undefined;
  assert.deepEqual((await source(query('b'), ask)).results, [resultOf('b')]);
  assert.deepEqual(asked, [['a'], ['b'], ['b']]);
});

test('if nothing at all can be had, the problem is thrown on', async () => {
  const { source, vendor, reads } = startProcess();
  vendor.failure = new Problem('upstream-throttled');
  await assert.rejects(source(query('a', 'b'), ask), { slug: 'upstream-throttled' });
  assert.deepEqual(reads(), ['summary miss none 2']);
});

test('a fault of ours is not taken for an unavailable summary', async () => {
  const { source, vendor } = startProcess();
  await source(query('a'), ask);
  vendor.failure = new RangeError('ours');
  await assert.rejects(source(query('a', 'b'), ask), RangeError);
});

test('a refresh asks for all of them, and throws if they cannot be had', async () => {
  const { source, asked, reads, vendor } = startProcess();
  await source(query('a', 'b'), ask);
  const { provenance } = await source(query('a', 'b'), refresh);
  assert.deepEqual(provenance, { outcome: 'refresh', stored: true });
  assert.deepEqual(asked, [
    ['a', 'b'],
    ['a', 'b'],
  ]);
  assert.deepEqual(reads(), ['summary miss none 2', 'summary refresh none 2']);
  vendor.failure = new Problem('upstream-unavailable');
  await assert.rejects(source(query('a', 'b'), refresh), { slug: 'upstream-unavailable' });
});

test('summaries joined to a customer are kept apart from those asked for by id', async () => {
  const { source, asked } = startProcess();
  const owner = readQuery('email=ann@example.com').query.identity;
  await source({ ...query('a'), owner }, ask);
  await source(query('a'), ask);
  await source({ ...query('a'), owner }, ask);
  assert.equal(asked.length, 2);
});

test('an id that could not be asked for is unavailable, and asked for again', async () => {
  const { source, asked } = startProcess();
  const first = await source(query('a', 'lost-b'), ask);
  assert.deepEqual(first.results, [resultOf('a'), { id: 'lost-b', reason: 'unavailable' }]);
  assert.deepEqual(first.provenance, { outcome: 'miss', stored: false });
  await source(query('a', 'lost-b'), ask);
  assert.deepEqual(asked, [['a', 'lost-b'], ['lost-b']]);
});
