// Of a Redis that is late one after the other no more is waited for than of one that hangs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createAllowance } from '../../src/redis/allowance.ts';
import { OverdueReply } from '../../src/redis/patience.ts';

const ALLOWANCE_MS = 50;
/** What one who asks time and again may wait: the allowance, and what one answer in time may take. */
const MOST_MS = 60;

/** An allowance whose time passes when the test says so. A key is named by its lane. */
function start() {
  let waitedMs = 0;
  let waits: { readonly at: number; readonly end: () => void }[] = [];
  const spent: string[] = [];
  const within = createAllowance({
    allowanceMs: ALLOWANCE_MS,
    laneOf: (key) => key,
    onSpent: (key) => spent.push(key),
    patience: {
      waitedMs: () => waitedMs,
      /** The command says how long it takes. */
      within: async <Result>(command: Promise<Result>, timeoutMs: number) => {
        const result = await command;
        const tookMs = Number(result);
        const { promise, resolve } = Promise.withResolvers<void>();
        waits.push({ at: waitedMs + Math.min(tookMs, timeoutMs), end: resolve });
        await promise;
        if (tookMs > timeoutMs) throw new OverdueReply();
        return result;
      },
    },
  });
  const pass = async (ms: number) => {
    const untilMs = waitedMs + ms;
    await turn();
    for (;;) {
      const next = waits.filter(({ at }) => at <= untilMs).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      waits = waits.filter((each) => each !== next);
      waitedMs = next.at;
      next.end();
      await turn();
    }
    waitedMs = untilMs;
  };
  /** Asks for what takes so long, and does not wait for it. */
  const ask = (tookMs: number, key = 'a') => {
    const asked = within(Promise.resolve(tookMs), key);
    asked.catch(() => undefined);
    return asked;
  };
  /** Asks for one after the other; returns how long all that took. */
  const askInTurn = async (...took: readonly number[]) => {
    const beganMs = waitedMs;
    for (const tookMs of took) {
      ask(tookMs);
      await turn();
      await pass(Math.max(0, ...waits.map(({ at }) => at)) - waitedMs);
    }
    return waitedMs - beganMs;
  };
  return { ask, askInTurn, pass, spent };
}

for (const tookMs of [10.1, 11, 12, 15, 20, 25, 30, 40, 49, 50, 400]) {
  test(`of a Redis that always takes ${tookMs} ms no more than ${MOST_MS} are waited for`, async () => {
    const { askInTurn, spent } = start();
    let waitedMs = 0;
    while (spent.length === 0 && waitedMs < 1_000) waitedMs += await askInTurn(tookMs);
    assert.ok(waitedMs <= MOST_MS, `${waitedMs} ms`);
    assert.ok(waitedMs >= ALLOWANCE_MS, `${waitedMs} ms`);
  });
}

test('what is in time uses nothing up', async () => {
  const { askInTurn, spent } = start();
  for (let count = 0; count < 500; count += 1) await askInTurn(count % 2 === 0 ? 10 : 0.3);
  assert.deepEqual(spent, []);
});

test('one that is late now and then is forgiven', async () => {
  const { askInTurn, spent } = start();
  for (let count = 0; count < 100; count += 1) await askInTurn(45, 1, 1, 1, 1, 1);
  assert.deepEqual(spent, []);
});

test('what is in time between late ones forgives a part of them', async () => {
  const { askInTurn, spent } = start();
  await askInTurn(30, 2, 30);
  assert.deepEqual(spent, ['a']);
});

test('one that is late on average has used it up, though half of its answers are in time', async () => {
  const { askInTurn, spent } = start();
  for (let count = 0; count < 10; count += 1) await askInTurn(25, 1);
  assert.ok(spent.length > 0);
});

test('those that one pause makes late count as one', async () => {
  const { ask, askInTurn, pass, spent } = start();
  for (let count = 0; count < 100; count += 1) ask(45 - count / 10);
  await pass(45);
  assert.deepEqual(spent, []);
  await askInTurn(1, 1, 1, 1, 1, 1);
  for (let count = 0; count < 100; count += 1) ask(45);
  await pass(45);
  assert.deepEqual(spent, []);
});

test('one that is late by all has used it up, however many wait with it', async () => {
  const { ask, pass, spent } = start();
  const all = Array.from({ length: 3 }, () => ask(51));
  await pass(49);
  assert.deepEqual(spent, []);
  await pass(1);
  assert.ok(spent.length > 0);
  for (const asked of all) await assert.rejects(asked, OverdueReply);
});

test('many at once are late on average also where few of them would be waited for', async () => {
  const { ask, pass, spent } = start();
  // A new one each millisecond, every other one late.
  for (let count = 0; count < 500 && spent.length === 0; count += 1) {
    ask(count % 2 === 0 ? 30 : 1);
    await pass(1);
  }
  assert.deepEqual(spent, ['a']);
});

test('each lane has an allowance of its own, and a whole one when it was used up', async () => {
  const { ask, pass, spent } = start();
  ask(40, 'one');
  await pass(40);
  const other = ask(45, 'another');
  const late = ask(11, 'one');
  await pass(45);
  await assert.rejects(late, OverdueReply);
  assert.equal(await other, 45);
  assert.deepEqual(spent, ['one']);
  const next = ask(45, 'one');
  await pass(45);
  assert.equal(await next, 45);
  assert.deepEqual(spent, ['one']);
});

test('after one that was overdue the next ones are timed', async () => {
  const { askInTurn, spent } = start();
  await askInTurn(400, 45, 45);
  assert.deepEqual(spent, ['a', 'a']);
});
