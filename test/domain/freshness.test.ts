// Freshness: how long answers are fresh, and what they are at a given instant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  freshness,
  instantsFrom,
  joinInstants,
  rangeFreshMs,
  summaryFreshMs,
} from '../../src/domain/freshness.ts';
import { NOW, tenantWith } from '../support/queries.ts';

const { freshness: policy } = tenantWith();

test('an answer is fresh, then stale, then expired, each from its instant on', () => {
  const instants = { fetchedAt: 0, staleAt: 10, deleteAt: 20 };
  const states = [9, 10, 19, 20].map((now) => freshness(instants, now));
  assert.deepEqual(states, ['fresh', 'stale', 'stale', 'expired']);
  assert.equal(freshness(instantsFrom(0, 10), 10), 'expired');
});

test('a range that ended long ago is fresh for longer', () => {
  const closed = (endAt: number) =>
    rangeFreshMs({ form: 'closed', startAt: 0, endAt }, policy, NOW);
  assert.equal(closed(NOW - policy.settleMs), policy.closedMs);
  assert.equal(closed(NOW - policy.settleMs + 1), policy.openMs);
  assert.equal(rangeFreshMs({ form: 'default' }, policy, NOW), policy.openMs);
  assert.equal(rangeFreshMs({ form: 'since', startAt: 0 }, policy, NOW), policy.openMs);
  assert.equal(rangeFreshMs({ form: 'rolling', last: 'P1D' }, policy, NOW), policy.openMs);
});

test('a summary that was found is kept, a missing one looked for again', () => {
  const summary = { text: '', status: null, type: null, durationSeconds: null, createdAt: null };
  assert.equal(summaryFreshMs({ id: 'a', summary }, policy), policy.closedMs);
  assert.equal(summaryFreshMs({ id: 'a', reason: 'not-found' }, policy), 60_000);
  assert.equal(summaryFreshMs({ id: 'a', reason: 'unavailable' }, policy), 5_000);
});

test('a joined answer is as old as its oldest part and fresh for its shortest', () => {
  const parts = [instantsFrom(5, 100), instantsFrom(8, 10)];
  assert.deepEqual(joinInstants(parts), { fetchedAt: 5, staleAt: 18, deleteAt: 18 });
});
