// The plan of a long range: everything is asked for once, with few calls, whatever the vendor tells first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinSpans, type Span } from '../../src/domain/span.ts';
import { createSplitPlan, FULL_ROWS } from '../../src/domain/split-plan.ts';

const DAY = 86_400;
const YEAR: Span = { from: 0, to: 365 * DAY };
const LANES = 8;
const LATENCY_MS = 100;

type Random = () => number;
type Keeps = keyof typeof KEEPS;

/** Which of a part's rows are told. */
const KEEPS = {
  newest: (rows: readonly number[]) => rows.slice(-FULL_ROWS),
  oldest: (rows: readonly number[]) => rows.slice(0, FULL_ROWS),
  middle: (rows: readonly number[]) =>
    rows.slice((rows.length - FULL_ROWS) >> 1).slice(0, FULL_ROWS),
  random: (rows: readonly number[], random: Random) =>
    rows
      .map((at) => ({ at, lot: random() }))
      .sort((a, b) => a.lot - b.lot)
      .slice(0, FULL_ROWS)
      .map(({ at }) => at),
};

/** The same numbers for the same seed. */
function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Run {
  readonly rows: readonly number[];
  readonly keeps: Keeps;
  readonly random: Random;
  readonly maxCalls?: number;
}

/** Asks by a plan on a clock of its own; checks that nothing is asked for twice or left out. */
function run({ rows, keeps, random, maxCalls = 100_000 }: Run) {
  const sorted = rows.toSorted((a, b) => a - b);
  const plan = createSplitPlan({ spans: [YEAR], lanes: LANES });
  const underWay: { part: Span; at: number }[] = [];
  const told: Span[] = [];
  let [calls, ms, found] = [0, 0, 0];
  const begin = () => {
    for (let part = calls < maxCalls && plan.next(); part; part = calls < maxCalls && plan.next()) {
      calls += 1;
      underWay.push({ part, at: ms + LATENCY_MS * (0.9 + 0.2 * random()) });
      assert.ok(underWay.length <= LANES);
    }
  };
  begin();
  while (underWay.length > 0) {
    underWay.sort((a, b) => b.at - a.at);
    const { part, at } = underWay.pop() ?? assert.fail();
    ms = at;
    const inside = sorted.filter((each) => each >= part.from && each < part.to);
    const instants = inside.length > FULL_ROWS ? KEEPS[keeps](inside, random) : inside;
    const verdict = plan.told(part, { rows: instants.length, instants });
    if (verdict === 'proven') found += inside.length;
    if (verdict === 'gap') assert.equal(part.to - part.from, 1);
    if (verdict !== 'split') told.push(part);
    const seconds = [...told, ...plan.rest()].reduce((sum, each) => sum + each.to - each.from, 0);
    assert.equal(seconds, YEAR.to, 'nothing is told twice');
    assert.deepEqual(joinSpans([...told, ...plan.rest()]), [YEAR], 'nothing is left out');
    begin();
  }
  return { calls, ms, found, rest: plan.rest() };
}

const within = (random: Random, count: number, { from, to }: Span) =>
  Array.from({ length: count }, () => Math.floor(from + random() * (to - from)));

/** 5,000 in a year, 80 % of them in one week. */
function uneven(random: Random): readonly number[] {
  const from = random() * (YEAR.to - 7 * DAY);
  return [...within(random, 4000, { from, to: from + 7 * DAY }), ...within(random, 1000, YEAR)];
}

const median = (figures: readonly number[]) =>
  figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN;

for (const [keeps, mostCalls] of [
  ['newest', 160],
  ['oldest', 195],
  ['middle', 195],
  ['random', 195],
] as const) {
  test(`5,000 unevenly spread take few calls and little time, if the ${keeps} are told`, () => {
    const runs = Array.from({ length: 15 }, (_, seed) => {
      const random = randomFrom(seed);
      const result = run({ rows: uneven(random), keeps, random });
      assert.equal(result.found, 5000);
      return result;
    });
    const calls = median(runs.map((each) => each.calls));
    assert.ok(calls <= mostCalls, `${calls} calls`);
    const ms = median(runs.map((each) => each.ms));
    assert.ok(ms < 3500, `${ms} ms`);
  });
}

test('few rows take few calls', () => {
  for (const [count, mostCalls] of [
    [0, 1],
    [49, 1],
    [51, 5],
    [340, 20],
  ] as const) {
    for (const keeps of Object.keys(KEEPS) as Keeps[]) {
      const random = randomFrom(count);
      const { calls } = run({ rows: within(random, count, YEAR), keeps, random });
      assert.ok(calls <= mostCalls, `${count} rows, ${keeps}: ${calls} calls`);
    }
  }
});

test('everything is asked for, wherever it lies, and whatever is told first', () => {
  const cluster = fc.record({
    count: fc.nat(200),
    at: fc.nat(YEAR.to - 1),
    seconds: fc.constantFrom(1, 60, 3600, 30 * DAY, YEAR.to),
  });
  fc.assert(
    fc.property(
      fc.record({
        clusters: fc.array(cluster, { maxLength: 5 }),
        keeps: fc.constantFrom(...(Object.keys(KEEPS) as Keeps[])),
        seed: fc.nat(),
        maxCalls: fc.oneof(fc.nat(30), fc.constant(100_000)),
      }),
      ({ clusters, keeps, seed, maxCalls }) => {
        const random = randomFrom(seed);
        const rows = clusters.flatMap(({ count, at, seconds }) =>
          within(random, count, { from: at, to: Math.min(at + seconds, YEAR.to) }),
        );
        const { calls, rest } = run({ rows, keeps, random, maxCalls });
        if (calls < maxCalls) assert.deepEqual(rest, []);
      },
    ),
    { numRuns: 150 },
  );
});

test('what is known to hold more than is told is not asked for as a whole', () => {
  const seen = Array.from({ length: 200 }, (_, index) => index * DAY);
  const plan = createSplitPlan({ spans: [YEAR], lanes: LANES, seen });
  const part = plan.next();
  assert.ok(part);
  assert.ok(seen.filter((at) => at >= part.from && at < part.to).length < FULL_ROWS);
});

test('a part that was not asked for is a fault', () => {
  const plan = createSplitPlan({ spans: [YEAR], lanes: LANES });
  assert.throws(() => plan.told(YEAR, { rows: 0, instants: [] }), /not asked/);
});
