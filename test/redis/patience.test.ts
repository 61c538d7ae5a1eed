// Replies are waited for as long as is said, and not at the expense of Redis when this process was busy.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createPatience, OverdueReply } from '../../src/redis/patience.ts';

/** Replies that come when the test says so; `pass` lets time pass, in turns of the event loop of so many milliseconds. */
function start(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let ticks = 1_000;
  const patience = createPatience(() => ticks);
  const pass = async (ms: number, turnMs = 1) => {
    for (let passedMs = 0; passedMs < ms; passedMs += turnMs) {
      ticks += turnMs;
      t.mock.timers.tick(turnMs);
      await turn();
    }
  };
  const ask = (timeoutMs: number) => {
    const reply = Promise.withResolvers<string>();
    const state = { is: 'awaited' };
    patience.within(reply.promise, timeoutMs).then(
      (text) => {
        state.is = text;
      },
      (error: unknown) => {
        state.is = error instanceof OverdueReply ? 'overdue' : String(error);
      },
    );
    return { ...reply, state };
  };
  return { patience, pass, ask };
}

test('a reply is waited for as long as is said, and hardly longer', async (t) => {
  const { pass, ask } = start(t);
  const [short, long, other] = [ask(10), ask(50), ask(50)];
  await pass(9);
  assert.equal(short.state.is, 'awaited');
  await pass(5);
  assert.equal(short.state.is, 'overdue');
  other.resolve('answered');
  await pass(34);
  assert.deepEqual([long.state.is, other.state.is], ['awaited', 'answered']);
  await pass(6);
  assert.equal(long.state.is, 'overdue');
});

test('a failure is passed on', async (t) => {
  const { pass, ask } = start(t);
  const asked = ask(50);
  asked.reject(new Error('refused'));
  await pass(1);
  assert.equal(asked.state.is, 'Error: refused');
});

test('a pause of this process counts little', async (t) => {
  const { patience, pass, ask } = start(t);
  const asked = ask(50);
  await pass(300, 300);
  assert.equal(asked.state.is, 'awaited');
  assert.ok(patience.waitedMs() <= 4);
  await pass(52);
  assert.equal(asked.state.is, 'overdue');
});

test('in a process with much to do a reply of the next turn but one is no late one', async (t) => {
  const { patience, pass, ask } = start(t);
  const asked = ask(50);
  await pass(60, 30);
  asked.resolve('answered');
  await turn();
  assert.equal(asked.state.is, 'answered');
  assert.ok(patience.waitedMs() <= 8, String(patience.waitedMs()));
});

test('what has arrived when the time is over is taken', async (t) => {
  const { pass, ask } = start(t);
  const asked = ask(2);
  // Read in the turn in which the look finds it missing.
  setImmediate(() => asked.resolve('answered'));
  await pass(3, 3);
  assert.equal(asked.state.is, 'answered');
});

test('the time of a wait is told to a millisecond; without one it stands still', async (t) => {
  const { patience, pass, ask } = start(t);
  await pass(100);
  assert.equal(patience.waitedMs(), 0);
  const asked = ask(50);
  await pass(17);
  assert.equal(patience.waitedMs(), 17);
  asked.resolve('answered');
  await turn();
  await pass(100);
  const after = patience.waitedMs();
  assert.ok(after <= 20, String(after));
  await pass(100);
  assert.equal(patience.waitedMs(), after);
});
