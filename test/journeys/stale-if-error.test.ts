// 8x8 fails: what is kept is answered with for as long as it may be, and 8x8 is left alone for a while.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClock } from '../support/clock.ts';
import { type Service, startService } from '../support/service.ts';

/** Past its fresh time, and past that in which it is answered with while it is fetched anew. */
const PAST_MS = 60_000 + 600_000;
const DAY_MS = 86_400_000;
/** The wait after a first failure, where nothing varies. */
const FIRST_WAIT_MS = 750;
const STORED = 'customer-360; fwd=miss; stored';
const STALE = 'customer-360; fwd=stale; fwd-status=503; detail=stale-if-error';
const REFRESH = { headers: { 'cache-control': 'no-cache' } };

const pathOf = (contact: string) => `/v1/customer?tenant=acme&contactId=${contact}`;
const ADA = pathOf('contact-Ansari');

async function start(t: TestContext) {
  const clock = createClock(Date.now());
  const service = await startService(t, {
    now: clock.now,
    sandbox: { now: clock.now },
  });
  return { ...service, clock, callsSince: countCalls(service) };
}

/** Makes a count of the calls since the count before. */
function countCalls({ sandbox }: Service): () => number {
  let before = 0;
  return () => {
    const since = sandbox.calls.received - before;
    before = sandbox.calls.received;
    return since;
  };
}

const statusOf = (reply: Response) => reply.headers.get('cache-status');

test('a search that 8x8 refuses is a problem, whatever is kept', async (t) => {
  const { ask, clock, sandbox } = await start(t);
  await ask(ADA);
  clock.pass(PAST_MS);
  sandbox.faults.set('refused');
  const reply = await ask(ADA);
  assert.equal(reply.status, 400);
  assert.equal(((await reply.json()) as { type: string }).type, '/problems/rejected-by-upstream');
});

test('past its time there is nothing but the problem', async (t) => {
  const { ask, clock, sandbox } = await start(t);
  await ask(ADA);
  sandbox.faults.set('server-error');
  clock.pass(60_000 + DAY_MS - 1);
  assert.equal(statusOf(await ask(ADA)), STALE);
  clock.pass(1);
  assert.equal((await ask(ADA)).status, 503);
  sandbox.faults.set(null);
  assert.equal(statusOf(await ask(ADA)), STORED);
});

test('8x8 is left alone after a failure, for longer each time, until it answers', async (t) => {
  const { ask, clock, sandbox, callsSince } = await start(t);
  await ask(ADA);
  clock.pass(PAST_MS);
  sandbox.faults.set('server-error');
  callsSince();
  let waitMs = FIRST_WAIT_MS;
  for (let failures = 1; failures <= 9; failures += 1) {
    assert.equal(statusOf(await ask(ADA)), STALE);
    assert.equal(callsSince(), 1);
    clock.pass(waitMs - 1);
    assert.equal(statusOf(await ask(ADA)), STALE);
    assert.equal(callsSince(), 0, `failure ${failures}`);
    clock.pass(1);
    waitMs = Math.min(2 * waitMs, 45_000);
  }
  sandbox.faults.set(null);
  assert.equal(statusOf(await ask(ADA)), STORED);
  // Forgotten: the first wait is the short one again.
  clock.pass(PAST_MS);
  sandbox.faults.set('server-error');
  await ask(ADA);
  clock.pass(FIRST_WAIT_MS);
  callsSince();
  await ask(ADA);
  assert.equal(callsSince(), 1);
});

for (const fault of [
  { kind: 'throttled', retryAfterSeconds: 120 },
  { kind: 'throttled-reset', resetAfterSeconds: 120 },
] as const) {
  test(`8x8 is not asked before it allows to: ${fault.kind}`, async (t) => {
    const { ask, clock, sandbox, callsSince } = await start(t);
    await ask(ADA);
    clock.pass(PAST_MS);
    sandbox.faults.set(fault, { times: 1 });
    assert.equal(statusOf(await ask(ADA)), STALE);
    callsSince();
    // The end is told in whole seconds.
    clock.pass(118_000);
    assert.equal(statusOf(await ask(ADA)), STALE);
    assert.equal(statusOf(await ask(ADA, REFRESH)), STALE);
    assert.equal(callsSince(), 0);
    clock.pass(2_000);
    assert.equal(statusOf(await ask(ADA)), STORED);
  });
}

test('a refresh that fails gives what is kept, and the next one waits', async (t) => {
  const { ask, clock, sandbox, callsSince } = await start(t);
  const body = await (await ask(ADA)).text();
  sandbox.faults.set('server-error');
  callsSince();
  const failed = await ask(ADA, REFRESH);
  assert.deepEqual([failed.status, statusOf(failed)], [200, STALE]);
  assert.equal(await failed.text(), body);
  assert.equal(statusOf(await ask(ADA, REFRESH)), STALE);
  assert.equal(callsSince(), 1);
  // It is fresh all the same, for who does not want it anew.
  assert.equal(statusOf(await ask(ADA)), 'customer-360; hit; ttl=60; detail=memory');
  clock.pass(FIRST_WAIT_MS);
  sandbox.faults.set(null);
  assert.equal(statusOf(await ask(ADA, REFRESH)), 'customer-360; fwd=request; stored');
});

test('a refresh behind the caller that fails is not repeated at once', async (t) => {
  const { ask, clock, sandbox, events, callsSince } = await start(t);
  await ask(ADA);
  clock.pass(70_000);
  sandbox.faults.set('server-error');
  callsSince();
  const stale = 'customer-360; hit; ttl=-10; detail=memory';
  assert.equal(statusOf(await ask(ADA)), stale);
  assert.equal((await events.nth('background-refresh', 1)).outcome, 'failed');
  assert.equal(statusOf(await ask(ADA)), stale);
  assert.equal(callsSince(), 1);
  clock.pass(FIRST_WAIT_MS);
  assert.equal(statusOf(await ask(ADA)), 'customer-360; hit; ttl=-11; detail=memory');
  assert.equal((await events.nth('background-refresh', 2)).outcome, 'failed');
  assert.equal(callsSince(), 1);
});
