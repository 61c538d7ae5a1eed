// Where answers of Redis come too late, none is waited for until one comes in time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createRedisBreaker } from '../../src/redis/breaker.ts';

/** A breaker whose time passes when the test says so, and whose probes do as it says. */
function start() {
  let ticks = 0;
  let due: { readonly run: () => void; readonly at: number }[] = [];
  const changes: string[] = [];
  const probed: string[] = [];
  const pauses: number[] = [];
  const world = { isInTime: false };
  const breaker = createRedisBreaker({
    laneOf: (key) => key,
    probe: async (key) => {
      probed.push(key);
      if (!world.isInTime) throw new Error('late');
    },
    onChange: (state) => changes.push(state),
    ticks: () => ticks,
    later: (run, delayMs) => {
      pauses.push(delayMs);
      due.push({ run, at: ticks + delayMs });
    },
  });
  /** Lets time pass, and all that is due in it happen. */
  const pass = async (ms: number) => {
    const until = ticks + ms;
    for (;;) {
      const next = due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      due = due.filter((each) => each !== next);
      ticks = next.at;
      next.run();
      await turn();
    }
    ticks = until;
  };
  return { breaker, changes, probed, pauses, world, pass };
}

test('one late answer opens it, and a look that is in time closes it', async () => {
  const { breaker, changes, probed, world, pass } = start();
  assert.equal(breaker.isOpen('a'), false);
  breaker.trip('a');
  assert.deepEqual([breaker.isOpen('a'), breaker.isAnyOpen()], [true, true]);
  assert.deepEqual(changes, ['open']);
  world.isInTime = true;
  await pass(0);
  assert.deepEqual([breaker.isOpen('a'), breaker.isAnyOpen()], [false, false]);
  assert.deepEqual(changes, ['open', 'closed']);
  assert.deepEqual(probed, ['a']);
});

test('it is looked again after pauses that double up to two seconds', async () => {
  const { breaker, pauses, changes, world, pass } = start();
  breaker.trip('a');
  await pass(8_000);
  assert.deepEqual(pauses.slice(0, 9), [0, 50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
  assert.deepEqual(changes, ['open']);
  world.isInTime = true;
  await pass(2_000);
  assert.deepEqual(changes, ['open', 'closed']);
});

test('many late answers open it once', async () => {
  const { breaker, changes, pauses } = start();
  for (let count = 0; count < 100; count += 1) breaker.trip('a');
  assert.deepEqual(changes, ['open']);
  assert.equal(pauses.length, 1);
});

test('one that opens again soon has to be in time more often, one that was steady once', async () => {
  const { breaker, probed, pauses, changes, world, pass } = start();
  world.isInTime = true;
  const looks = [];
  for (let count = 0; count < 5; count += 1) {
    breaker.trip('a');
    const before = probed.length;
    await pass(1_000);
    looks.push(probed.length - before);
  }
  assert.deepEqual(looks, [1, 2, 4, 8, 8]);
  assert.deepEqual(pauses.slice(0, 7), [0, 0, 50, 0, 50, 50, 50]);
  assert.equal(changes.length, 10);
  await pass(10_000);
  breaker.trip('a');
  await pass(0);
  assert.equal(breaker.isOpen('a'), false);
});

test('of looks that have to be in time each one late begins anew', async () => {
  const { breaker, world, pass } = start();
  world.isInTime = true;
  for (const _ of [1, 2]) {
    breaker.trip('a');
    await pass(1_000);
  }
  breaker.trip('a');
  await pass(50);
  world.isInTime = false;
  await pass(50);
  world.isInTime = true;
  // After the pause for one that was late.
  await pass(100 + 2 * 50);
  assert.equal(breaker.isOpen('a'), true);
  await pass(50);
  assert.equal(breaker.isOpen('a'), false);
});

test('keys of another lane are asked for all the same', async () => {
  const { breaker, changes, world, pass } = start();
  breaker.trip('one lane');
  assert.equal(breaker.isOpen('another'), false);
  breaker.trip('another');
  assert.deepEqual(changes, ['open']);
  world.isInTime = true;
  await pass(0);
  assert.deepEqual(changes, ['open', 'closed']);
});

test('with a new connection nothing is held against it', async () => {
  const { breaker, changes, probed, pass } = start();
  breaker.trip('a');
  breaker.reset();
  assert.equal(breaker.isOpen('a'), false);
  assert.deepEqual(changes, ['open', 'closed']);
  await pass(10_000);
  assert.deepEqual(probed, []);
});

test('with each new connection the looks of before end', async () => {
  const { breaker, probed, pass } = start();
  for (let count = 0; count < 50; count += 1) {
    breaker.trip('a');
    breaker.reset();
  }
  breaker.trip('a');
  await pass(2_000);
  // At 0, 50, 150, 350, 750 and 1,550 ms.
  assert.equal(probed.length, 6);
});
