// Exports: in order and each once, no faster than they are read, and honest about what is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExportEnd, ExportPart } from '../../src/domain/history.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { VendorInteraction } from '../../src/domain/vendor-answer.ts';
import { createClock } from '../support/clock.ts';
import { createHistoryVendor } from '../support/history-vendor.ts';
import { createHistoryWorld } from '../support/history-world.ts';
import { NOW } from '../support/queries.ts';
import { vendorInteraction } from '../support/vendor.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DOWN = new Problem('upstream-unavailable');

/** One every few hours, the newest an hour ago. */
const steps = (count: number, stepMs = 4 * HOUR): readonly VendorInteraction[] =>
  Array.from({ length: count }, (_, index) => {
    const startedAt = NOW - HOUR - index * stepMs;
    return vendorInteraction(`int-${index}`, { startedAt, endedAt: startedAt + MINUTE });
  });

const idsOf = (interactions: readonly VendorInteraction[]) =>
  interactions.map(({ interactionId }) => interactionId);

function worldOf(
  interactions: readonly VendorInteraction[],
  settings: Partial<Parameters<typeof createHistoryWorld>[0]> = {},
) {
  const clock = createClock(NOW);
  const vendor = createHistoryVendor({ interactions, now: clock.now });
  return { clock, vendor, world: createHistoryWorld({ vendor, now: clock.now, ...settings }) };
}

/** Everything that comes; `onPart` is called after each part. */
async function read(parts: AsyncIterable<ExportPart>, onPart: () => unknown = () => undefined) {
  const ids: string[] = [];
  let end: ExportEnd | undefined;
  for await (const part of parts) {
    assert.equal(end, undefined, 'the end comes last');
    if ('gaps' in part) end = part;
    else ids.push(...part.map(({ id }) => id));
    await onPart();
  }
  assert.ok(end);
  assert.equal(end.interactions, ids.length);
  return { ids, gaps: end.gaps };
}

test('an export gives out each interaction once, newest first', async () => {
  const interactions = steps(1500);
  const { world } = worldOf(interactions);
  assert.deepEqual(await read(await world.export('last=P1Y')), {
    ids: idsOf(interactions),
    gaps: [],
  });
});

test('what is not read is not fetched', async () => {
  const { vendor, world } = worldOf(steps(2000));
  const parts = await world.export('last=P1Y');
  assert.ok(vendor.calls.length <= 8);
  let isFirst = true;
  for await (const part of parts) {
    assert.ok(!('gaps' in part));
    if (isFirst) assert.ok(vendor.calls.length <= 24, 'given out before the rest is fetched');
    isFirst = false;
    if (vendor.calls.length > 24) break;
  }
  const { length } = vendor.calls;
  assert.ok(length < 60);
  const whole = worldOf(steps(2000));
  await read(await whole.world.export('last=P1Y'));
  assert.ok(whole.vendor.calls.length > length);
});

test('what is held is not fetched', async () => {
  const interactions = steps(900);
  const { vendor, world } = worldOf(interactions);
  await world.page('last=P1Y');
  const { length } = vendor.calls;
  assert.deepEqual((await read(await world.export('last=P1Y'))).ids, idsOf(interactions));
  assert.equal(vendor.calls.length, length);
});

test('what comes in while it is read, and pages that are read meanwhile, change nothing', async () => {
  const interactions = steps(1500);
  const { clock, vendor, world } = worldOf(interactions);
  let count = 0;
  const { ids, gaps } = await read(await world.export('last=P1Y'), async () => {
    clock.pass(2 * MINUTE);
    count += 1;
    const startedAt = clock.now() - 1000;
    const another = vendorInteraction(`new-${count}`, { startedAt, endedAt: startedAt });
    vendor.interactions = [another, ...vendor.interactions];
    await world.page('last=P1Y');
  });
  assert.ok(count > 3);
  assert.deepEqual(ids, idsOf(interactions));
  assert.deepEqual(gaps, []);
});

test('what the memory has no room for is fetched again', async () => {
  const interactions = steps(900);
  const { clock, world } = worldOf(interactions, { memoryBytes: 150_000 });
  const pass = () => clock.pass(1);
  assert.deepEqual(await read(await world.export('last=P1Y'), pass), {
    ids: idsOf(interactions),
    gaps: [],
  });
});

test('a failure on the way ends it with what is held, and the rest as a gap', async () => {
  const interactions = steps(1500);
  const { vendor, world } = worldOf(interactions);
  const { ids, gaps } = await read(await world.export('last=P1Y'), () => {
    vendor.problem = DOWN;
  });
  assert.ok(ids.length < 1500);
  assert.deepEqual(ids.slice(0, 100), idsOf(interactions).slice(0, 100));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(gaps.length > 0);
  vendor.problem = null;
  assert.deepEqual(await read(await world.export('last=P1Y')), {
    ids: idsOf(interactions),
    gaps: [],
  });
});

test('what is lost while the vendor is down is a gap', async () => {
  const interactions = steps(900);
  const { clock, vendor, world } = worldOf(interactions, { memoryBytes: 20_000 });
  await world.page('last=P1Y');
  clock.pass(1);
  vendor.problem = DOWN;
  const { ids, gaps } = await read(await world.export('last=P1Y'));
  assert.deepEqual(ids, []);
  assert.ok(gaps.length > 0);
});

test('no more calls than `maxCalls` are made', async () => {
  const { vendor, world } = worldOf(steps(2000), { maxCalls: 30 });
  const { gaps } = await read(await world.export('last=P1Y'));
  assert.equal(vendor.calls.length, 30);
  assert.ok(gaps.length > 0);
});

test('where nothing can be had there is no export', async () => {
  const { vendor, world } = worldOf(steps(100));
  vendor.problem = DOWN;
  await assert.rejects(world.export('last=P1Y'), DOWN);
});
