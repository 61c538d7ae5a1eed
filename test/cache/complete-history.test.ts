// Complete histories: what is held is not asked for again, what is missing is told of, and asking again goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import type { VendorInteraction } from '../../src/domain/vendor-answer.ts';
import { createClock } from '../support/clock.ts';
import { createHistoryVendor, type VendorHabits } from '../support/history-vendor.ts';
import { createHistoryWorld } from '../support/history-world.ts';
import { NOW } from '../support/queries.ts';
import { vendorInteraction } from '../support/vendor.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DOWN = new Problem('upstream-unavailable');

const at = (id: string, startedAt: number, durationMs = MINUTE) =>
  vendorInteraction(id, { startedAt, endedAt: startedAt + durationMs, mediaType: 'EMAIL' });

/** One every 25 hours, the newest a day ago. */
const steps = (count: number) =>
  Array.from({ length: count }, (_, index) => at(`int-${index}`, NOW - DAY - index * 25 * HOUR));

interface WorldSettings extends Partial<Parameters<typeof createHistoryWorld>[0]> {
  readonly habits?: Partial<VendorHabits>;
  readonly wait?: () => Promise<void>;
}

function worldOf(interactions: readonly VendorInteraction[], settings: WorldSettings = {}) {
  const clock = createClock(NOW);
  const { habits = {}, wait = async () => undefined, ...rest } = settings;
  const vendor = createHistoryVendor({ interactions, habits, wait, now: clock.now });
  return { clock, vendor, world: createHistoryWorld({ vendor, now: clock.now, ...rest }) };
}

const iso = (instant: number) => new Date(instant).toISOString();
const newestFirst = (interactions: readonly VendorInteraction[]) =>
  interactions
    .toSorted((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0))
    .map(({ interactionId }) => interactionId);

test('a history that one call holds takes one call, without an end', async () => {
  const { vendor, world } = worldOf(steps(30));
  const { page, provenance } = await world.page('last=P1Y');
  assert.equal(page.interactions.length, 30);
  assert.deepEqual(
    vendor.calls.map(({ to, priority }) => ({ to, priority })),
    [{ to: null, priority: 'caller' }],
  );
  assert.deepEqual(provenance, { outcome: 'miss', stored: true, collapsed: false });
});

test('the first call is the caller’s, those after it go behind all callers', async () => {
  const { vendor, world } = worldOf(steps(300));
  await world.page('last=P1Y');
  const [first, ...others] = vendor.calls.map(({ priority }) => priority);
  assert.equal(first, 'caller');
  assert.ok(others.length > 5);
  assert.deepEqual([...new Set(others)], ['export']);
});

test('a year asked for again at once costs no call, a minute later one', async () => {
  const { vendor, world, clock } = worldOf(steps(300));
  const first = await world.all('last=P1Y');
  const before = vendor.calls.length;
  const { provenance } = await world.page('last=P1Y');
  assert.deepEqual(provenance, { outcome: 'hit', tier: 'memory' });
  assert.equal(vendor.calls.length, before);
  clock.pass(2 * MINUTE);
  vendor.interactions = [at('int-new', NOW + MINUTE), ...vendor.interactions];
  const second = await world.all('last=P1Y');
  assert.equal(vendor.calls.length, before + 1);
  assert.deepEqual(second.ids, ['int-new', ...first.ids]);
  assert.equal(second.last.provenance.outcome, 'miss');
});

test('a refresh asks for all of it again', async () => {
  const { vendor, world, clock } = worldOf(steps(30));
  await world.page('last=P1Y');
  clock.pass(1);
  vendor.interactions = vendor.interactions.slice(1);
  const { page, provenance } = await world.page('last=P1Y', {}, { refresh: true });
  assert.equal(vendor.calls.length, 2);
  assert.equal(page.interactions.length, 29);
  assert.equal(provenance.outcome, 'refresh');
});

test('a refresh of a part is complete beside what is held of the rest', async () => {
  const { vendor, world, clock } = worldOf(steps(300));
  await world.page('last=P1Y');
  clock.pass(1);
  const before = vendor.calls.length;
  const { page, instants } = await world.page('last=P30D', {}, { refresh: true });
  assert.deepEqual(page.gaps, []);
  assert.equal(vendor.calls.length, before + 1);
  assert.ok(instants.staleAt > clock.now());
});

test('what one range has brought, another one does not ask for', async () => {
  const { vendor, world, clock } = worldOf(steps(300));
  await world.page('last=P100D');
  const before = vendor.calls.length;
  const from = NOW - 60 * DAY;
  const inside = await world.all(`startTime=${iso(from)}&endTime=${iso(NOW - 20 * DAY)}`);
  assert.equal(vendor.calls.length, before);
  assert.deepEqual(
    inside.ids,
    newestFirst(
      vendor.interactions.filter(
        ({ startedAt }) => (startedAt ?? 0) >= from - MINUTE && (startedAt ?? 0) <= NOW - 20 * DAY,
      ),
    ),
  );
  await world.page('last=P1Y', {}, { app: 'another' });
  const edge = (NOW - 100 * DAY) / 1000;
  for (const { to } of vendor.calls.slice(before)) assert.ok(to !== null && to <= edge + MINUTE);
  // Hours later the part that had settled by then is still held.
  clock.pass(5 * HOUR);
  const later = vendor.calls.length;
  await world.page(`startTime=${iso(NOW - 300 * DAY)}&endTime=${iso(NOW - 20 * DAY)}`);
  assert.equal(vendor.calls.length, later);
});

test('what may have changed since is asked for again, and what is gone is gone', async () => {
  const { vendor, world, clock } = worldOf(steps(300));
  await world.page('last=P1Y');
  vendor.interactions = vendor.interactions.slice(1);
  clock.pass(2 * MINUTE);
  const { ids } = await world.all('last=P1Y');
  assert.deepEqual(ids, newestFirst(vendor.interactions));
});

test('a second that holds 50 and more is a gap, and not asked for again and again', async () => {
  const second = NOW - 10 * DAY;
  const flood = Array.from({ length: 60 }, (_, index) => at(`flood-${index}`, second));
  const { vendor, world } = worldOf([...steps(100), ...flood]);
  const { page } = await world.page('last=P1Y');
  assert.equal(page.derived.interactions, 150);
  assert.ok(page.gaps.length > 0);
  const isInside = page.gaps.every(
    ({ startTime, endTime }) =>
      Date.parse(startTime) <= second &&
      Date.parse(endTime) >= second &&
      Date.parse(endTime) - Date.parse(startTime) <= 2 * DAY,
  );
  assert.ok(isInside, JSON.stringify(page.gaps));
  const before = vendor.calls.length;
  const again = await world.page('last=P1Y');
  assert.equal(vendor.calls.length, before);
  assert.deepEqual(again.page.gaps, page.gaps);
});

test('where `maxCalls` is reached the rest is a gap, and asking again goes on', async () => {
  const { vendor, world } = worldOf(steps(340), { maxCalls: 4 });
  const everything = newestFirst(vendor.interactions);
  let rounds = 0;
  let found = 0;
  for (;;) {
    rounds += 1;
    const { ids, last } = await world.all('last=P1Y');
    const { gaps } = last.page;
    assert.ok(ids.length >= found, 'nothing that came is lost');
    found = ids.length;
    const missing = everything.filter((id) => !ids.includes(id));
    const startOf = new Map(
      vendor.interactions.map((each) => [each.interactionId, each.startedAt]),
    );
    for (const id of missing) {
      const start = iso(startOf.get(id) ?? 0);
      assert.ok(gaps.some(({ startTime, endTime }) => startTime <= start && start <= endTime));
    }
    if (gaps.length === 0) break;
    assert.ok(rounds < 30);
  }
  assert.equal(found, 340);
  assert.ok(rounds > 1);
});

test('no answer takes more than `maxCalls`, and one that is not complete is not fresh', async () => {
  const { vendor, world } = worldOf(steps(340), { maxCalls: 5 });
  const { page, instants } = await world.page('last=P1Y');
  assert.equal(vendor.calls.length, 5);
  assert.equal(instants.staleAt, instants.fetchedAt);
  assert.ok(page.gaps.length > 0);
  assert.equal(page.insights, null);
});

test('a failure after something came is no failure of the whole; what came is kept', async () => {
  const { vendor, world } = worldOf(steps(340), {
    wait: async () => {
      if (vendor.calls.length === 7) vendor.problem = DOWN;
    },
  });
  const first = await world.page('last=P1Y');
  assert.ok(first.page.gaps.length > 0);
  assert.ok(first.page.interactions.length > 0);
  const callsUntilThen = vendor.calls.length;
  vendor.problem = null;
  const { ids } = await world.all('last=P1Y');
  assert.equal(ids.length, 340);
  const whole = worldOf(steps(340));
  await whole.world.page('last=P1Y');
  assert.ok(vendor.calls.length - callsUntilThen < whole.vendor.calls.length);
});

test('where nothing is had, the problem is the answer', async () => {
  const { vendor, world } = worldOf(steps(10));
  vendor.problem = DOWN;
  await assert.rejects(world.page('last=P1Y'), DOWN);
  vendor.problem = null;
  assert.equal((await world.page('last=P1Y')).page.interactions.length, 10);
});

test('a fault that is no problem is not swallowed', async () => {
  const { world } = worldOf(steps(10), {
    wait: async () => {
      throw new TypeError('a fault');
    },
  });
  await assert.rejects(world.page('last=P1Y'), TypeError);
});

test('while the vendor is down, what is stale is shown as such', async () => {
  const { vendor, world, clock } = worldOf(steps(300));
  const { ids } = await world.all('last=P1Y');
  clock.pass(HOUR);
  vendor.problem = DOWN;
  const { page, provenance } = await world.page('last=P1Y', { limit: 500 });
  assert.deepEqual(
    page.interactions.map(({ id }) => id),
    ids,
  );
  assert.deepEqual(page.gaps, []);
  assert.deepEqual(provenance, { outcome: 'stale', reason: 'upstream-unavailable', status: 503 });
});

test('what is refused is no outage: the stale part is a gap, the rest is shown', async () => {
  const { vendor, world, clock } = worldOf(steps(300));
  await world.page('last=P1Y');
  clock.pass(HOUR);
  vendor.problem = new Problem('rejected-by-upstream');
  const { page } = await world.page('last=P1Y', { limit: 500 });
  assert.equal(page.interactions.length, 300);
  assert.equal(page.gaps.length, 1);
});

test('when the deadline passes, what came until then is shown and kept', async () => {
  let isHanging = false;
  const { vendor, world } = worldOf(steps(340), {
    deadlineMs: 60,
    wait: () => (isHanging && vendor.calls.length > 10 ? new Promise(() => {}) : Promise.resolve()),
  });
  isHanging = true;
  await assert.rejects(world.page('last=P1Y'), /./);
  isHanging = false;
  assert.equal((await world.all('last=P1Y')).ids.length, 340);
});

test('those who ask for the same at once share its calls', async () => {
  const { vendor, world } = worldOf(steps(300));
  const both = await Promise.all([world.page('last=P1Y'), world.page('last=P1Y')]);
  const alone = worldOf(steps(300));
  await alone.world.page('last=P1Y');
  assert.equal(vendor.calls.length, alone.vendor.calls.length);
  assert.deepEqual(
    both.map(({ provenance }) => 'collapsed' in provenance && provenance.collapsed),
    [false, true],
  );
});

test('who needs more than the fetch that is under way asks for the rest', async () => {
  const { world } = worldOf(steps(300));
  const [, year] = await Promise.all([
    world.page('last=P10D'),
    world.page('last=P1Y', { limit: 500 }),
  ]);
  assert.equal(year.page.interactions.length, 300);
  assert.deepEqual(year.page.gaps, []);
});

test('what comes while pages are read shifts none of them', async () => {
  const { vendor, world, clock } = worldOf(steps(120));
  const expected = newestFirst(vendor.interactions);
  const first = await world.page('last=P1Y', { limit: 50 });
  const firstAt = Math.floor(NOW / MINUTE) * MINUTE;
  clock.pass(2 * MINUTE);
  vendor.interactions = [at('int-new', NOW + MINUTE), ...vendor.interactions];
  const anew = await world.page('last=P1Y', { limit: 50 });
  assert.equal(anew.page.interactions[0]?.id, 'int-new');
  const second = await world.page('last=P1Y', { limit: 50, after: first.page.next, firstAt });
  const third = await world.page('last=P1Y', { limit: 50, after: second.page.next, firstAt });
  const shown = [first, second, third].flatMap(({ page }) => page.interactions);
  assert.deepEqual(
    shown.map(({ id }) => id),
    expected,
  );
  assert.equal(third.page.next, null);
});

test('those of one instant stay in order where they are kept apart', async () => {
  const instant = NOW - 42 * 25 * HOUR;
  const together = Array.from({ length: 49 }, (_, index) => at(`same-${index + 10}`, instant));
  const older = steps(100).slice(43);
  const { vendor, world, clock } = worldOf([...steps(40), ...together, ...older]);
  const first = await world.all('last=P1Y');
  assert.deepEqual(
    first.ids.filter((id) => id.startsWith('same')),
    together.map(({ interactionId }) => interactionId),
  );
  clock.pass(2 * MINUTE);
  vendor.interactions = [at('int-new', NOW + MINUTE), ...vendor.interactions];
  assert.deepEqual((await world.all('last=P1Y')).ids, ['int-new', ...first.ids]);
});

test('interactions without a start belong to every range, and come last', async () => {
  const undated = ['b', 'a'].map((id) => vendorInteraction(id, { startedAt: null, endedAt: null }));
  const { world } = worldOf([...steps(3), ...undated]);
  const { ids } = await world.all('startTime=1970-01-01T00:00:00Z', 2);
  assert.deepEqual(ids, ['int-0', 'int-1', 'int-2', 'a', 'b']);
});

test('what the memory has no room for is asked for again each time', async () => {
  const { vendor, world, clock } = worldOf(steps(340), { memoryBytes: 20_000 });
  const first = await world.page('last=P1Y', { limit: 500 });
  assert.equal(first.page.interactions.length, 340);
  assert.deepEqual(first.page.gaps, []);
  clock.pass(1);
  const before = vendor.calls.length;
  const again = await world.page('last=P1Y', { limit: 500 });
  assert.deepEqual(again.page, first.page);
  assert.ok(vendor.calls.length > before);
  // Where it cannot be had, what is not held is told of.
  clock.pass(1);
  vendor.problem = DOWN;
  const down = await world.page('last=P1Y', { limit: 500 });
  assert.deepEqual(down.page.interactions, []);
  assert.equal(down.page.gaps.length, 1);
});

test('the aggregates of the vendor are shown where one call held everything, and only while it does', async () => {
  const { vendor, world, clock } = worldOf(steps(30));
  vendor.insights = { sentiments: null, topics: { totalInteractions: 30, frequency: [] } };
  const first = await world.page('last=P1Y');
  assert.equal(first.page.insights?.topics?.interactions, 30);
  // Another range is about other interactions.
  assert.equal((await world.page('last=P20D')).page.insights, null);
  clock.pass(2 * MINUTE);
  const before = vendor.calls.length;
  assert.notEqual((await world.page('last=P1Y')).page.insights, null);
  assert.equal(vendor.calls.length, before + 1);
  const large = worldOf(steps(300));
  large.vendor.insights = vendor.insights;
  assert.equal((await large.world.page('last=P1Y')).page.insights, null);
});
