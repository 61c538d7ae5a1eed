// The breaker: opens when most calls fail in passing, lets one through after a pause, and closes when that goes well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import { createBreaker } from '../../src/resilience/breaker.ts';
import { createClock } from '../support/clock.ts';

const transient = () =>
  Promise.reject(new Problem('upstream-unavailable', { isTransient: true, reason: 'status 503' }));
const works = async () => 'answer';
/** The first pause and the one after it, where nothing varies. */
const PAUSES_MS = [750, 1_500] as const;

function create() {
  const clock = createClock(1_000_000);
  const states: string[] = [];
  const breaker = createBreaker({
    now: clock.now,
    random: () => 0.5,
    onChange: (state) => void states.push(state),
  });
  const fail = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      await failure(breaker.run(transient), 'status 503');
    }
  };
  return { breaker, clock, states, fail };
}

/** Fails for a reason that the log tells; returns the problem. */
async function failure(work: Promise<unknown>, reason: string): Promise<Problem> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Problem);
  assert.equal(error.slug, 'upstream-unavailable');
  assert.equal(error.details.reason, reason);
  return error;
}

const assertHeldBack = (work: Promise<unknown>) => failure(work, 'breaker-open');

test('four failures are borne, the fifth opens it, and then nothing is done', async () => {
  const { breaker, states, fail } = create();
  await fail(4);
  assert.equal(await breaker.run(works), 'answer');
  assert.deepEqual(states, []);
  await fail(1);
  assert.deepEqual(states, ['open']);
  let isDone = false;
  const work = async () => {
    isDone = true;
  };
  await assertHeldBack(breaker.run(work));
  assert.equal(isDone, false);
});

test('it stays closed while half of the calls go well', async () => {
  const { breaker, states, fail } = create();
  for (let round = 0; round < 100; round += 1) {
    await breaker.run(works);
    await fail(1);
  }
  assert.deepEqual(states, []);
});

test('what is said of one customer is no failure, however often', async () => {
  const { breaker, states } = create();
  const verdicts = [
    new Problem('rejected-by-upstream', { reason: 'status 400' }),
    new Problem('upstream-misconfigured', { reason: 'status 401' }),
    new Problem('upstream-throttled', { reason: 'status 429' }),
    new Problem('upstream-unavailable', { reason: 'status 500' }),
    new Problem('upstream-invalid'),
  ];
  for (let round = 0; round < 20; round += 1) {
    for (const verdict of verdicts) {
      await assert.rejects(
        breaker.run(() => Promise.reject(verdict)),
        verdict,
      );
    }
  }
  assert.deepEqual(states, []);
});

test('after a pause one call shows how it fares, and the others do not wait for it', async () => {
  const { breaker, clock, states, fail } = create();
  await fail(5);
  clock.pass(PAUSES_MS[0] - 1);
  await assertHeldBack(breaker.run(works));
  clock.pass(1);
  const { promise, resolve } = Promise.withResolvers<string>();
  const probe = breaker.run(() => promise);
  await assertHeldBack(breaker.run(works));
  resolve('answer');
  assert.equal(await probe, 'answer');
  assert.equal(await breaker.run(works), 'answer');
  assert.deepEqual(states, ['open', 'half-open', 'closed']);
});

test('pauses double while the calls between them fail, up to half a minute', async () => {
  const { breaker, clock, states, fail } = create();
  await fail(5);
  clock.pass(PAUSES_MS[0]);
  await fail(1);
  clock.pass(PAUSES_MS[1] - 1);
  await assertHeldBack(breaker.run(works));
  clock.pass(1);
  await fail(1);
  for (let time = 0; time < 10; time += 1) {
    clock.pass(30_000 * 0.75);
    await fail(1);
  }
  assert.deepEqual(states.slice(0, 5), ['open', 'half-open', 'open', 'half-open', 'open']);
});

test('who is held back is told when to come back', async () => {
  const { breaker, clock, fail } = create();
  await fail(5);
  clock.pass(250);
  const { details } = await assertHeldBack(breaker.run(works));
  assert.equal(details.retryAfterSeconds, 0.5);
});

test('a system clock that is set back does not keep it open', async ({ mock }) => {
  const { breaker, clock, fail } = create();
  await fail(5);
  mock.timers.enable({ apis: ['Date'], now: 0 });
  clock.pass(PAUSES_MS[0]);
  assert.equal(await breaker.run(works), 'answer');
});

for (const [slug, reason] of [
  ['overloaded', 'no-place'],
  ['upstream-throttled', 'budget'],
  ['upstream-timeout', 'deadline'],
] as const) {
  test(`what ends in ${slug} of our own closes nothing`, async () => {
    const { breaker, clock, states, fail } = create();
    await fail(5);
    clock.pass(PAUSES_MS[0]);
    await assert.rejects(breaker.run(() => Promise.reject(new Problem(slug, { reason }))));
    assert.deepEqual(states, ['open', 'half-open', 'open']);
    await assertHeldBack(breaker.run(works));
    clock.pass(PAUSES_MS[1]);
    assert.equal(await breaker.run(works), 'answer');
    assert.equal(states.at(-1), 'closed');
  });
}
