// A budget that apps share: who asks for much leaves to the others what they may ask for, and wastes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Allowance } from '../../src/domain/tenant.ts';
import { takeFairly } from '../../src/resilience/fair-budget.ts';
import { createLocalBudgets } from '../../src/resilience/local-budget.ts';
import { shareOf } from '../../src/resilience/replicas.ts';
import { createClock } from '../support/clock.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 50;

type Started = ReturnType<typeof start>;
type Before = (started: Started) => Promise<void>;

/** A budget for some apps, and how many calls each was admitted and refused. */
function start(allowance: Allowance, apps: readonly string[]) {
  const clock = createClock(0);
  const budgets = createLocalBudgets(clock.now);
  const whole = { name: 'key', allowance };
  const counts = new Map(apps.map((app) => [app, { admitted: 0, refused: 0 }]));
  const of = (app: string) => counts.get(app) ?? { admitted: 0, refused: 0 };
  const take = (app: string) =>
    takeFairly(budgets, whole, { name: app, allowance: shareOf(allowance, apps.length) });
  const ask = async (app: string) => {
    const { isAdmitted } = await take(app);
    of(app)[isAdmitted ? 'admitted' : 'refused'] += 1;
    return isAdmitted;
  };
  /** Asks until there is nothing for this app. */
  const drain = async (app: string) => {
    while (await ask(app));
  };
  /** Lets each app ask as often as given in each minute, for some of them. */
  const run = async (minutes: number, perMinute: Readonly<Record<string, number>>) => {
    const owed = new Map<string, number>();
    for (let passed = 0; passed < minutes * MINUTE_MS; passed += STEP_MS) {
      clock.pass(STEP_MS);
      for (const [app, rate] of Object.entries(perMinute)) {
        let due = (owed.get(app) ?? 0) + (rate * STEP_MS) / MINUTE_MS;
        for (; due >= 1; due -= 1) await ask(app);
        owed.set(app, due);
      }
    }
  };
  return { ask, take, drain, run, of, budgets, whole, pass: clock.pass };
}

const BUDGET = { requests: 60, perMs: MINUTE_MS };

test('an app that takes less than its part is refused nothing, however much the other asks for', async () => {
  const { run, of } = start(BUDGET, ['greedy', 'modest']);
  await run(2, { greedy: 6_000 });
  await run(10, { greedy: 6_000, modest: 25 });
  assert.deepEqual(of('modest'), { admitted: 250, refused: 0 });
  // All that came in twelve minutes, and what was there at first, was used; but for the end that is left to others.
  const used = of('modest').admitted + of('greedy').admitted;
  assert.ok(used >= 60 + 12 * 60 - 8 && used <= 60 + 12 * 60, `${used} calls`);
});

test('an app that asks alone has the whole rate, and the last tenth is there for who comes', async () => {
  const { ask, run, of } = start(BUDGET, ['greedy', 'modest']);
  await run(10, { greedy: 6_000 });
  assert.ok(of('greedy').admitted >= 60 + 10 * 60 - 7, `${of('greedy').admitted} calls`);
  const admitted = [];
  for (let count = 0; count < 8; count += 1) admitted.push(await ask('modest'));
  assert.ok(admitted.slice(0, 5).every(Boolean), 'its first calls at once');
  assert.equal(admitted.at(-1), false, 'not more than there are');
});

test('apps that all ask for too much have the same', async () => {
  const { run, of } = start(BUDGET, ['most', 'much', 'more']);
  await run(10, { most: 6_000, much: 600, more: 120 });
  const counts = ['most', 'much', 'more'].map((app) => of(app).admitted);
  // A third of what came in ten minutes; the first moments are of those that ask faster.
  assert.ok(
    counts.every((count) => count >= 200),
    `${counts} calls`,
  );
});

test('a refusal that finds no call at all costs nothing of the part', async () => {
  const { ask, budgets, whole } = start(BUDGET, ['greedy', 'modest']);
  budgets.slow(whole.name, whole.allowance, 1_000);
  for (let count = 0; count < 100; count += 1) assert.equal(await ask('modest'), false);
  assert.equal(budgets.left('modest', shareOf(BUDGET, 2)), 30);
});

const drainGreedy = async ({ drain }: Started) => drain('greedy');
const drainBoth = async ({ drain }: Started) => {
  await drain('greedy');
  await drain('modest');
};

/** What happened before an app is refused, and how long it waits: at 60 calls a minute, 20 of them for each app. */
const REFUSED: Readonly<Record<string, { app: string; waitMs: number; before: Before }>> = {
  'a call is left for the others: until all may have one': {
    app: 'greedy',
    waitMs: 900,
    before: drainGreedy,
  },
  'no call is left, and its part has more: until there is one': {
    app: 'modest',
    waitMs: 1_000,
    before: drainBoth,
  },
  'no call is left, nor of its part: until its part has one': {
    app: 'greedy',
    waitMs: 3_000,
    before: drainBoth,
  },
  'no call is left, nor of any part: until all may have one': {
    app: 'greedy',
    waitMs: 6_900,
    async before(started) {
      await drainBoth(started);
      started.budgets.slow('greedy', shareOf(BUDGET, 3), 60_000);
    },
  },
  'the vendor has refused: until the pause is over': {
    app: 'modest',
    waitMs: 5_000,
    async before({ budgets, whole }) {
      budgets.slow(whole.name, whole.allowance, 5_000);
    },
  },
};

for (const [label, { app, waitMs, before }] of Object.entries(REFUSED)) {
  test(`who is refused hears how long to wait, where ${label}`, async () => {
    for (const isEarly of [true, false]) {
      const started = start(BUDGET, ['greedy', 'modest', 'late']);
      await before(started);
      const refused = await started.take(app);
      assert.deepEqual([refused.isAdmitted, Math.round(refused.waitMs)], [false, waitMs]);
      started.pass(refused.waitMs - (isEarly ? 1 : -0.001));
      assert.equal((await started.take(app)).isAdmitted, !isEarly);
    }
  });
}
