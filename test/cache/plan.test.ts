// What is done with a kept answer: by its age, what is wanted, and whether fetching has failed a moment ago.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Plan, planFor, type Wish } from '../../src/cache/plan.ts';
import type { Freshness } from '../../src/domain/freshness.ts';

const NOW = 1_000;
const NEVER = Number.NEGATIVE_INFINITY;
const AGES = {
  fresh: { staleAt: NOW + 1, revalidateUntil: NOW + 2, deleteAt: NOW + 3 },
  'stale-while-revalidate': { staleAt: NOW, revalidateUntil: NOW + 1, deleteAt: NOW + 2 },
  'stale-if-error': { staleAt: NOW - 1, revalidateUntil: NOW, deleteAt: NOW + 1 },
  expired: { staleAt: NOW - 2, revalidateUntil: NOW - 1, deleteAt: NOW },
} as const;

const ask: Wish = { refresh: false };
const refresh: Wish = { refresh: true };
const background: Wish = { refresh: false, isBackground: true };

/** The plan as it is, and the plan while backing off. */
const table: readonly (readonly [Freshness, Wish, Plan, Plan])[] = [
  ['fresh', ask, 'answer', 'answer'],
  ['fresh', refresh, 'fetch', 'answer-as-failed'],
  ['fresh', background, 'answer', 'answer'],
  ['stale-while-revalidate', ask, 'answer-and-refresh', 'answer'],
  ['stale-while-revalidate', refresh, 'fetch', 'answer-as-failed'],
  ['stale-while-revalidate', background, 'fetch', 'answer-as-failed'],
  ['stale-if-error', ask, 'fetch', 'answer-as-failed'],
  ['stale-if-error', refresh, 'fetch', 'answer-as-failed'],
  ['stale-if-error', background, 'fetch', 'answer-as-failed'],
  ['expired', ask, 'fetch', 'fetch'],
  ['expired', refresh, 'fetch', 'fetch'],
  ['expired', background, 'fetch', 'fetch'],
];

for (const [state, wish, usually, whileBackingOff] of table) {
  const wanted = Object.entries(wish).flatMap(([name, is]) => (is ? name : []));
  test(`${state} ${wanted}: ${usually}; while backing off: ${whileBackingOff}`, () => {
    const instants = { fetchedAt: 0, ...AGES[state] };
    const plan = (retryAt: number) => planFor({ instants, retryAt }, wish, NOW);
    assert.equal(plan(NEVER), usually);
    assert.equal(plan(NOW), usually, 'the wait is over at its end');
    assert.equal(plan(NOW + 1), whileBackingOff);
  });
}
