// Budgets by name: in one process, and of all replicas together on a real Redis, by the same rules.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { createAloneWatch } from '../../src/resilience/alone-watch.ts';
import { type Budgets, createLocalBudgets } from '../../src/resilience/local-budget.ts';
import { RETURN_MS } from '../../src/resilience/replicas.ts';
import { createSharedBudgets } from '../../src/resilience/shared-budget.ts';
import { createClock } from '../support/clock.ts';
import { startRedis } from '../support/redis.ts';
import { connectTo } from '../support/redis-connection.ts';

const HOUR_MS = 3_600_000;
const allowance = { requests: 20, perMs: HOUR_MS };
const KEY = 'c360:budget:{key}';

/** Budgets, and a way to let time pass for them. */
interface Subject {
  readonly budgets: Budgets;
  pass(ms: number): void | Promise<void>;
}

function startLocal(): Subject {
  const clock = createClock(Date.now());
  return { budgets: createLocalBudgets(clock.now), pass: clock.pass };
}

async function startShared(t: TestContext) {
  const server = await startRedis();
  const control = new Redis(server.url);
  t.after(() => {
    control.disconnect();
    return server.stop();
  });
  let failures = 0;
  const changes: string[] = [];
  const beats: (() => void)[] = [];
  const returning = { is: false };
  /** Whether Redis does what it is asked, and nobody hears of it. */
  const losing = { is: false };
  const clock = createClock(Date.now());
  const replica = async (): Promise<Budgets> => {
    const { connection } = await connectTo(t, server.url);
    return createSharedBudgets({
      redis: {
        ...connection.commands,
        defineScript: (script) => {
          const run = connection.commands.defineScript(script);
          return async (...args) => {
            const reply = await run(...args);
            if (losing.is) throw new Error('The reply is lost');
            return reply;
          };
        },
      },
      keyOf: (name) => `c360:budget:{${name}}`,
      replicas: {
        count: () => 4,
        isReturning: (failedAt) => returning.is || clock.now() - failedAt < RETURN_MS,
        onBeat: (listener) => void beats.push(() => listener({ isPublished: true })),
      },
      now: clock.now,
      watch: createAloneWatch({ onChange: (state) => changes.push(state), ticks: clock.now }),
      onFailure: () => {
        failures += 1;
      },
    });
  };
  /** The clock that counts is that of Redis: what is kept becomes older instead. */
  const pass = async (ms: number) => {
    clock.pass(ms);
    const [at, pausedUntil] = await control.hmget(KEY, 'at', 'pausedUntil');
    await control.hset(KEY, 'at', Number(at) - ms, 'pausedUntil', Number(pausedUntil) - ms);
  };
  const beat = () => {
    for (const run of beats) run();
  };
  const told = { beat, returning, losing, changes, failures: () => failures };
  return { server, control, replica, clock, pass, ...told };
}

const STARTS: Readonly<Record<string, (t: TestContext) => Promise<Subject>>> = {
  'in one process': async () => startLocal(),
  'over Redis': async (t) => {
    const { replica, pass } = await startShared(t);
    return { budgets: await replica(), pass };
  },
};

/** How many of so many at once are admitted. */
async function admitted(budgets: Budgets, count: number, priority = 'caller' as const) {
  const asked = Array.from({ length: count }, () => budgets.take('key', allowance, priority));
  return (await Promise.all(asked)).filter(({ isAdmitted }) => isAdmitted).length;
}

for (const [where, start] of Object.entries(STARTS)) {
  test(`${where}: as many calls as are allowed, and more as time passes`, async (t) => {
    const { budgets, pass } = await start(t);
    assert.equal(await admitted(budgets, 30), 20);
    const { isAdmitted, waitMs, left } = await budgets.take('key', allowance, 'caller');
    assert.deepEqual([isAdmitted, Math.floor(left)], [false, 0]);
    assert.ok(waitMs > HOUR_MS / 20 - 10_000 && waitMs <= HOUR_MS / 20, String(waitMs));
    await pass(HOUR_MS / 4);
    assert.equal(await admitted(budgets, 30), 5);
  });

  test(`${where}: callers go before refreshes, and these before exports`, async (t) => {
    const { budgets } = await start(t);
    const count = async (priority: 'caller' | 'refresh' | 'export') => {
      let times = 0;
      while ((await budgets.take('key', allowance, priority)).isAdmitted) times += 1;
      return times;
    };
    assert.deepEqual(
      [await count('export'), await count('refresh'), await count('caller')],
      [10, 8, 2],
    );
  });

  test(`${where}: names have buckets of their own`, async (t) => {
    const { budgets } = await start(t);
    assert.equal(await admitted(budgets, 30), 20);
    assert.equal((await budgets.take('other', allowance, 'caller')).isAdmitted, true);
  });

  test(`${where}: after a refusal there is a pause, and then half of the rate`, async (t) => {
    const { budgets, pass } = await start(t);
    await budgets.take('key', allowance, 'caller');
    const refusals = Array.from({ length: 10 }, () => budgets.slow('key', allowance, 600_000));
    const lowered = (await Promise.all(refusals)).filter((isLowered) => isLowered);
    assert.equal(lowered.length, 1, 'ten at once lower it once');
    const paused = await budgets.take('key', allowance, 'caller');
    assert.deepEqual([paused.isAdmitted, paused.left], [false, 0]);
    assert.ok(paused.waitMs > 590_000 && paused.waitMs <= 600_000, String(paused.waitMs));
    await pass(600_000);
    assert.equal(await admitted(budgets, 30), 1, 'what was left for now');
    const { waitMs } = await budgets.take('key', allowance, 'caller');
    assert.ok(waitMs > HOUR_MS / 10 - 10_000 && waitMs <= HOUR_MS / 10, String(waitMs));
    await pass(10 * HOUR_MS);
    assert.equal(await admitted(budgets, 30), 20);
  });

  test(`${where}: during a pause the wait is until there is a whole call after it`, async (t) => {
    const { budgets, pass } = await start(t);
    assert.equal(await admitted(budgets, 30), 20);
    await pass((HOUR_MS / 20) * 0.75);
    await budgets.slow('key', allowance, 60_000);
    const { isAdmitted, waitMs } = await budgets.take('key', allowance, 'caller');
    // A quarter of a call at half of the rate.
    const expectedMs = 60_000 + HOUR_MS / 40;
    assert.equal(isAdmitted, false);
    assert.ok(waitMs > expectedMs - 10_000 && waitMs <= expectedMs + 1_000, String(waitMs));
  });

  test(`${where}: a pause fills nothing, and ends no slowness`, async (t) => {
    const { budgets, pass } = await start(t);
    await budgets.take('key', allowance, 'caller');
    assert.equal(await budgets.slow('key', allowance, 3 * HOUR_MS), true);
    await pass(HOUR_MS);
    // Longer by an hour: what is kept is written anew in the middle of it.
    assert.equal(await budgets.slow('key', allowance, 3 * HOUR_MS), false);
    await pass(3 * HOUR_MS);
    assert.equal(await admitted(budgets, 30), 1);
    await pass(HOUR_MS / 2);
    // Half an hour at half of twenty.
    assert.equal(await admitted(budgets, 30), 5);
  });
}

test('in one process: what is left grows with time, and is nothing during a pause', () => {
  const { budgets, pass } = startLocal();
  const leftAfter = (ms: number) => {
    pass(ms);
    return budgets.left('key', allowance);
  };
  assert.equal(leftAfter(0), 20);
  for (let time = 0; time < 12; time += 1) budgets.take('key', allowance, 'caller');
  assert.deepEqual([leftAfter(0), leftAfter(HOUR_MS / 20 - 1), leftAfter(1)], [8, 8, 9]);
  budgets.slow('key', allowance, HOUR_MS / 2);
  assert.deepEqual([leftAfter(0), leftAfter(HOUR_MS / 2 - 1), leftAfter(1)], [0, 0, 1]);
  assert.deepEqual([leftAfter(HOUR_MS / 10 - 1), leftAfter(1)], [1, 2]);
  assert.equal(leftAfter(10 * HOUR_MS), 20);
});

test('over Redis: what is left is what it said last, filled since; alone it is the own share', async (t) => {
  const { server, replica, clock } = await startShared(t);
  const [one, other] = await Promise.all([replica(), replica()]);
  const left = () => [one, other].map((each) => each.left('key', allowance));
  assert.deepEqual(left(), [20, 20]);
  assert.equal(await admitted(one, 12), 12);
  assert.equal(await admitted(other, 1), 1);
  assert.deepEqual(left(), [8, 7]);
  clock.pass(HOUR_MS / 20);
  assert.deepEqual(left(), [9, 8]);
  other.slow('key', allowance, 60_000);
  assert.deepEqual(left(), [9, 0]);
  await server.stop();
  // A fourth of the nine, of which one is taken now.
  assert.equal(await admitted(one, 1), 1);
  assert.deepEqual(left(), [1, 0]);
});

test('over Redis: four replicas together admit what one may', async (t) => {
  const { replica, control } = await startShared(t);
  const replicas = await Promise.all(Array.from({ length: 4 }, replica));
  const counts = await Promise.all(replicas.map((each) => admitted(each, 30)));
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    20,
  );
  const ttlMs = await control.pttl(KEY);
  assert.ok(ttlMs > 19 * HOUR_MS && ttlMs <= 20 * HOUR_MS, String(ttlMs));
});

test('over Redis: a pause is one for all replicas', async (t) => {
  const { replica } = await startShared(t);
  const [one, other] = await Promise.all([replica(), replica()]);
  assert.equal(await one.slow('key', allowance, 60_000), true);
  assert.equal((await other.take('key', allowance, 'caller')).isAdmitted, false);
  assert.equal(await other.slow('key', allowance, 60_000), false, 'it is lowered already');
});

test('over Redis: a pause that another replica met is kept to when Redis fails', async (t) => {
  const { server, clock, replica, beat } = await startShared(t);
  const [one, asking, idle] = await Promise.all([replica(), replica(), replica()]);
  assert.equal(await admitted(asking, 1), 1);
  assert.equal(await admitted(idle, 1), 1);
  await one.slow('key', allowance, 600_000);
  assert.equal(await admitted(asking, 1), 0);
  beat();
  while (idle.left('key', allowance) > 0) await new Promise(setImmediate);
  await server.stop();
  for (const each of [asking, idle]) {
    const { isAdmitted, waitMs } = await each.take('key', allowance, 'caller');
    assert.equal(isAdmitted, false);
    assert.ok(waitMs > 590_000 && waitMs <= 600_000, String(waitMs));
  }
  clock.pass(600_000);
  // A fourth of the one call that was left; then of half of the rate: 2.5 an hour.
  for (const each of [asking, idle]) assert.equal(await admitted(each, 30), 0);
  clock.pass(HOUR_MS);
  for (const each of [asking, idle]) assert.equal(await admitted(each, 30), 2);
});

test('over Redis: a pause that was met while it failed is told to the others when it is back', async (t) => {
  const { control, clock, replica, beat } = await startShared(t);
  const [one, other] = await Promise.all([replica(), replica()]);
  assert.equal(await admitted(other, 1), 1);
  await control.config('SET', 'maxmemory', '1');
  assert.equal(await one.slow('key', allowance, 600_000), true, 'it is lowered here');
  await control.config('SET', 'maxmemory', '0');
  assert.equal(await admitted(one, 1), 0, 'Redis does not know of it, and is not asked');
  clock.pass(120_000);
  beat();
  while ((await control.hget(KEY, 'share')) !== '0.500000') await control.ping();
  const [[seconds], until] = await Promise.all([control.time(), control.hget(KEY, 'pausedUntil')]);
  const restMs = Number(until) - Number(seconds) * 1_000;
  assert.ok(restMs > 470_000 && restMs <= 481_000, String(restMs));
  assert.equal(await admitted(other, 1), 0);
});

test('over Redis: a pause is not prolonged by being told', async (t) => {
  const { control, replica, beat } = await startShared(t);
  const one = await replica();
  await one.slow('key', allowance, 600_000);
  const until = () => control.hget(KEY, 'pausedUntil');
  const before = await until();
  const seen = new Set<string | null>();
  for (let times = 0; times < 20; times += 1) {
    beat();
    seen.add(await until());
  }
  assert.deepEqual([...seen], [before]);
});

test('over Redis: a bucket that it has lost is paused and slow as one knows it', async (t) => {
  const { control, replica } = await startShared(t);
  const one = await replica();
  assert.equal(await admitted(one, 30), 20);
  await one.slow('key', allowance, 1);
  await control.flushall();
  await one.slow('key', allowance, 600_000);
  const [share, tokens] = await control.hmget(KEY, 'share', 'tokens');
  assert.deepEqual([Number(share), Math.floor(Number(tokens))], [0.5, 0]);
});

test('over Redis: so it is where somebody who knew less has made it anew', async (t) => {
  const { control, clock, replica, beat } = await startShared(t);
  const [one, paused, late] = await Promise.all([replica(), replica(), replica()]);
  assert.equal(await admitted(one, 17), 17);
  await paused.slow('key', allowance, 1);
  clock.pass(1);
  await control.flushall();
  assert.equal(await admitted(late, 5), 5, 'it knows of nothing');
  beat();
  const tokens = async () => Math.floor(Number(await control.hget(KEY, 'tokens')));
  while ((await tokens()) !== 1);
  assert.equal(await control.hget(KEY, 'share'), '0.500000');
  assert.equal(await admitted(one, 5), 1);
  // Known by all: what is filled since is not taken back.
  await control.hset(KEY, 'tokens', 9);
  beat();
  assert.equal(await admitted(late, 5), 5);
  assert.equal(await admitted(one, 5), 4);
});

test('over Redis: what it has lost is told anew with the next beat, though nobody asks', async (t) => {
  const { control, replica, beat } = await startShared(t);
  const [one, other] = await Promise.all([replica(), replica()]);
  assert.equal(await admitted(one, 17), 17);
  await control.flushall();
  beat();
  while ((await control.exists(KEY)) === 0);
  assert.equal(await admitted(other, 20), 3);
});

test('over Redis: a clock of it that was set back prolongs no pause', async (t) => {
  const { control, replica } = await startShared(t);
  const one = await replica();
  await one.slow('key', allowance, 600_000);
  const [at, until] = await control.hmget(KEY, 'at', 'pausedUntil');
  await control.hset(KEY, 'at', Number(at) + HOUR_MS, 'pausedUntil', Number(until) + HOUR_MS);
  const other = await replica();
  const { waitMs } = await other.take('key', allowance, 'caller');
  assert.ok(waitMs > 590_000 && waitMs <= 600_000, String(waitMs));
  const [atNow, untilNow] = await control.hmget(KEY, 'at', 'pausedUntil');
  assert.ok(Number(atNow) - Number(at) < 10_000 && Number(untilNow) - Number(until) < 10_000);
});

test('over Redis: a call that it has counted unheard is not told again', async (t) => {
  const { losing, replica } = await startShared(t);
  const [one, other] = await Promise.all([replica(), replica()]);
  losing.is = true;
  assert.equal(await admitted(one, 3), 3);
  losing.is = false;
  assert.equal(await admitted(one, 1), 1);
  assert.equal(await admitted(other, 30), 16);
});

test('over Redis: while it fails each replica admits its share, pauses included', async (t) => {
  const { server, replica, changes, failures } = await startShared(t);
  const one = await replica();
  await one.slow('paused', allowance, 60_000);
  await server.stop();
  assert.equal(await admitted(one, 30), 5);
  assert.equal((await one.take('paused', allowance, 'caller')).isAdmitted, false);
  assert.equal(failures(), 30, 'Redis is not asked during a pause');
  assert.deepEqual(changes, ['alone']);
});

test('over Redis: what was spent is not granted again when it goes, nor when it comes back empty', async (t) => {
  const { server, replica, control, clock, beat } = await startShared(t);
  const one = await replica();
  assert.equal(await admitted(one, 12), 12);
  await control.flushall();
  assert.equal(await admitted(one, 4), 4, 'as it is known here');
  await server.stop();
  // A fourth of the four that are left.
  assert.equal(await admitted(one, 30), 1);
  const back = await startRedis({ port: server.port });
  t.after(back.stop);
  const returned = new Redis(back.url);
  t.after(() => returned.disconnect());
  do beat();
  while ((await returned.exists(KEY)) === 0);
  clock.pass(RETURN_MS);
  assert.equal(await admitted(one, 5), 3);
});

test('over Redis: what was spent without it is told with the next beat, before others ask', async (t) => {
  const { control, replica, beat } = await startShared(t);
  const [one, other] = await Promise.all([replica(), replica()]);
  assert.equal(await admitted(other, 1), 1);
  await control.config('SET', 'maxmemory', '1');
  assert.equal(await admitted(one, 30), 5);
  await control.config('SET', 'maxmemory', '0');
  const tokens = async () => Number(await control.hget(KEY, 'tokens'));
  assert.equal(Math.round(await tokens()), 19);
  beat();
  while (Math.round(await tokens()) === 19);
  assert.equal(await admitted(other, 30), 14);
  beat();
  assert.equal(await admitted(other, 1), 0);
});

test('over Redis: so it is for a budget that only a part of a Cluster has failed', async (t) => {
  const { control, clock, replica } = await startShared(t);
  const [one, other] = await Promise.all([replica(), replica()]);
  await control.config('SET', 'maxmemory', '1');
  for (const each of [one, other]) assert.equal(await admitted(each, 3), 3);
  await control.config('SET', 'maxmemory', '0');
  assert.equal(await admitted(one, 30), 2);
  clock.pass(RETURN_MS);
  assert.equal(await admitted(one, 30), 15);
});

test('over Redis: until others have told what they spent, each keeps to its share', async (t) => {
  const { replica, returning } = await startShared(t);
  const one = await replica();
  returning.is = true;
  assert.equal(await admitted(one, 30), 5);
  returning.is = false;
  assert.ok((await admitted(one, 30)) > 0);
});
