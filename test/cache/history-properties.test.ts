// Complete histories of random customers from vendors of random habits: nothing is lost, doubled, or silently missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VendorInteraction } from '../../src/domain/vendor-answer.ts';
import { createClock } from '../support/clock.ts';
import { createHistoryVendor } from '../support/history-vendor.ts';
import { createHistoryWorld } from '../support/history-world.ts';
import { NOW } from '../support/queries.ts';
import { vendorInteraction } from '../support/vendor.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
/** So many in the tests; more where `RUNS` says so. */
const RUNS = Number(process.env.RUNS ?? 1000);
const LATEST = NOW - SECOND;

const at = (id: string, startedAt: number, durationMs = 0) =>
  vendorInteraction(id, { startedAt, endedAt: startedAt + durationMs, mediaType: 'EMAIL' });

const orders = ['newest', 'oldest', 'random', 'middle'] as const;
const habits = fc.record({
  keeps: fc.constantFrom(...orders),
  bounds: fc.constantFrom('both', 'start', 'neither'),
  rangeOf: fc.constantFrom('start', 'end', 'overlap'),
} as const);

/** Some of them spread over the year, some close together, some at the same instant. */
const population = fc
  .array(
    fc.oneof(
      fc.record({
        count: fc.nat(40),
        at: fc.nat(YEAR),
        within: fc.constantFrom(HOUR, 30 * DAY, YEAR),
      }),
      fc.record({
        count: fc.nat(120),
        at: fc.nat(YEAR),
        within: fc.constantFrom(SECOND, 60 * SECOND),
      }),
      fc.record({ count: fc.nat(70), at: fc.nat(YEAR), within: fc.constant(1) }),
      fc.record({
        count: fc.nat(60),
        at: fc.constantFrom(0, DAY, YEAR - DAY),
        within: fc.constant(2 * DAY),
      }),
    ),
    { maxLength: 6 },
  )
  .chain((clusters) =>
    fc.tuple(
      fc.constant(clusters),
      fc.boolean(),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
    ),
  )
  .map(([clusters, isOnSeconds, stream]) => {
    const next = () => Number(stream.next().value);
    return clusters.flatMap(({ count, at: start, within }, cluster) =>
      Array.from({ length: count }, (_, index) => {
        // What happens at this very moment may or may not be told of.
        const drawn = Math.min(NOW - YEAR + start + Math.floor(next() * within), LATEST);
        // Bounds are whole seconds: some have to lie on them.
        const startedAt = isOnSeconds ? Math.floor(drawn / SECOND) * SECOND : drawn;
        const durationMs = Math.min(Math.floor(next() * DAY), LATEST - startedAt);
        return at(`int-${cluster}-${index}`, startedAt, durationMs);
      }),
    );
  });

/** By our own rule of membership, in our own order. */
const expectedIds = (all: readonly VendorInteraction[], from: number, to = Number.MAX_VALUE) =>
  all
    .filter(({ startedAt }) => startedAt !== null && startedAt >= from && startedAt <= to)
    .toSorted(
      (a, b) =>
        (b.startedAt ?? 0) - (a.startedAt ?? 0) || (a.interactionId < b.interactionId ? -1 : 1),
    )
    .map(({ interactionId }) => interactionId);

const gridFloor = (instant: number) => Math.floor(instant / MINUTE) * MINUTE;
const gridCeil = (instant: number) => Math.ceil(instant / MINUTE) * MINUTE;
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

type All = Awaited<ReturnType<ReturnType<typeof createHistoryWorld>['all']>>;

/** Each once, in order, and what is missing lies in a gap. */
function check({ ids, last }: All, all: readonly VendorInteraction[], expected: readonly string[]) {
  const { gaps, derived } = last.page;
  const startOf = new Map(all.map((each) => [each.interactionId, each.startedAt ?? 0]));
  const isInGap = (id: string) =>
    gaps.some(({ startTime, endTime }) => {
      const startedAt = startOf.get(id) ?? 0;
      return startedAt >= Date.parse(startTime) && startedAt <= Date.parse(endTime);
    });
  const shown = new Set(ids);
  const missing = new Set(expected.filter((id) => !shown.has(id)));
  assert.deepEqual(
    [...missing].filter((id) => !isInGap(id)),
    [],
    'none is lost silently',
  );
  assert.deepEqual(
    ids,
    expected.filter((id) => !missing.has(id)),
    'each once, in order',
  );
  assert.equal(derived.interactions, ids.length);
}

test('no interaction is lost or doubled, whatever the vendor does; what cannot be had is in a gap', async () => {
  const range = fc.tuple(fc.nat(YEAR), fc.nat(YEAR));
  const dice = fc.infiniteStream(fraction);
  await fc.assert(
    fc.asyncProperty(fc.record({ population, habits, range, dice }), async (given) => {
      const { population: interactions, dice: lots } = given;
      const random = () => Number(lots.next().value);
      const { now } = createClock(NOW);
      const vendor = createHistoryVendor({ interactions, habits: given.habits, now, random });
      const world = createHistoryWorld({ vendor, now });
      const [fromAt, lengthMs] = given.range;
      const from = gridFloor(NOW - YEAR + fromAt);
      const to = Math.min(gridCeil(from + MINUTE + lengthMs), gridFloor(NOW) - MINUTE);
      if (from < to) {
        const iso = (instant: number) => new Date(instant).toISOString();
        const part = await world.all(`startTime=${iso(from)}&endTime=${iso(to)}`, 77);
        check(part, interactions, expectedIds(interactions, from, to));
      }
      // The rest of the year, with what is held of it.
      const year = await world.all('last=P1Y');
      check(year, interactions, expectedIds(interactions, gridFloor(NOW - YEAR)));
    }),
    { numRuns: RUNS },
  );
});
