// The layer for budgets: what a refusal by the vendor does to them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import type { Context } from '../../src/domain/source.ts';
import { type BudgetEvent, budget } from '../../src/resilience/budget.ts';
import { tenantWith } from '../support/queries.ts';

const context: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};

test('who is refused without a time, or with one that is over, stays away for a second', async () => {
  const pauses: number[] = [];
  const events: BudgetEvent[] = [];
  const budgets = {
    take: () => ({ isAdmitted: true, waitMs: 0, left: 1 }),
    // The first lowers the rate.
    slow: (_name: string, _allowance: object, pauseMs: number) => pauses.push(pauseMs) === 1,
    left: () => 1,
    waitMs: () => 0,
  };
  const layer = budget({
    budgets,
    unlimited: budgets,
    nameOf: () => 'key',
    partOf: () => null,
    onEvent: (_, event) => events.push(event),
  });
  for (const details of [{}, { retryAfterSeconds: 0 }, { retryAfterSeconds: 3 }]) {
    const refuse = layer(() => Promise.reject(new Problem('upstream-throttled', details)));
    await assert.rejects(refuse({ tenant: tenantWith() }, context));
  }
  assert.deepEqual(pauses, [1_000, 1_000, 3_000]);
  await new Promise(setImmediate);
  assert.deepEqual(
    events.map(({ outcome }) => outcome),
    ['taken', 'lowered', 'taken', 'taken'],
  );
});
