// One more try where the way to the vendor has failed, as long as such tries are few beside the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import { byRegion } from '../../src/domain/region.ts';
import type { Context } from '../../src/domain/source.ts';
import { createRetryBudget, type RetryBudget, retry } from '../../src/resilience/retry.ts';
import { tenantWith } from '../support/queries.ts';

const ask: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};
const query = { tenant: tenantWith({}) };
const transient = () => new Problem('upstream-unavailable', { isTransient: true });

/** A layer before a source that fails with these in turn, and then answers. */
function before(failures: Problem[], budget: RetryBudget = createRetryBudget()) {
  const told: string[] = [];
  const waits: number[] = [];
  const layer = retry<typeof query, string>({
    budgets: byRegion(() => budget),
    random: () => 0.5,
    onFailure: (_tenant, outcome) => void told.push(outcome),
    wait: async (delayMs) => void waits.push(delayMs),
  });
  let tries = 0;
  const source = layer(async () => {
    tries += 1;
    const failure = failures.shift();
    if (failure) throw failure;
    return 'answer';
  });
  return { ask: (context = ask) => source(query, context), told, waits, tries: () => tries };
}

test('a failure in passing is tried once more, after a wait with jitter', async () => {
  const { ask: askOnce, told, waits, tries } = before([transient()]);
  assert.equal(await askOnce(), 'answer');
  assert.deepEqual([told, waits, tries()], [['retried'], [125], 2]);
});

test('once more, and not again', async () => {
  const last = transient();
  const { ask: askOnce, tries } = before([transient(), last, transient()]);
  await assert.rejects(askOnce(), last);
  assert.equal(tries(), 2);
});

test('a verdict is not asked for again, nor one who said when to come back', async () => {
  const verdicts = [
    new Problem('rejected-by-upstream'),
    new Problem('upstream-invalid'),
    new Problem('upstream-misconfigured'),
    new Problem('upstream-throttled'),
    new Problem('upstream-unavailable', { reason: 'status 500' }),
    new Problem('upstream-unavailable', { isTransient: true, retryAfterSeconds: 30 }),
  ];
  for (const verdict of verdicts) {
    const { ask: askOnce, tries } = before([verdict]);
    await assert.rejects(askOnce(), verdict);
    assert.equal(tries(), 1);
  }
});

test('when the deadline has passed nothing is tried again', async () => {
  const failure = transient();
  const { ask: askOnce, tries } = before([failure]);
  await assert.rejects(askOnce({ ...ask, signal: AbortSignal.abort() }), failure);
  assert.equal(tries(), 1);
});

test('a deadline that passes while waiting is told as the failure before', async () => {
  const controller = new AbortController();
  const failure = transient();
  const layer = retry<typeof query, string>({
    budgets: byRegion(createRetryBudget),
    random: () => 0.999,
    onFailure: () => controller.abort(),
  });
  const source = layer(() => Promise.reject(failure));
  await assert.rejects(source(query, { ...ask, signal: controller.signal }), failure);
});

test('second tries are a tenth of first ones, and ten at once', async () => {
  const budget = createRetryBudget();
  const failing = () => before([transient(), transient()], budget);
  for (let time = 0; time < 10; time += 1) {
    const { ask: askOnce, tries } = failing();
    await assert.rejects(askOnce());
    assert.equal(tries(), 2);
  }
  // Ten first tries have earned one more.
  const outcomes: number[] = [];
  for (let time = 0; time < 21; time += 1) {
    const { ask: askOnce, tries } = failing();
    await assert.rejects(askOnce());
    outcomes.push(tries());
  }
  assert.equal(outcomes.filter((tries) => tries === 2).length, 3);
  const { ask: askOnce, told } = failing();
  await assert.rejects(askOnce());
  assert.deepEqual(told, ['spent']);
});
