// Freshness: how long answers may be used, and what they are good for at a given instant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  freshness,
  instantsFrom,
  joinInstants,
  longestLifeMs,
  rangeLifetime,
  summaryLifetime,
} from '../../src/domain/freshness.ts';
import type { SummaryResult } from '../../src/domain/summaries.ts';
import { NOW, tenantWith } from '../support/queries.ts';

const { freshness: policy } = tenantWith();
const { openMs, closedMs, settleMs, staleWhileRevalidateMs, staleIfErrorMs } = policy;
const lifetime = { freshMs: 1_000, staleWhileRevalidateMs: 100, staleIfErrorMs: 300 };

test('an answer is fresh, then stale in two ways, then expired, each from its instant on', () => {
  const instants = { fetchedAt: 0, staleAt: 10, revalidateUntil: 20, deleteAt: 30 };
  const states = [9, 10, 19, 20, 29, 30].map((now) => freshness(instants, now));
  assert.deepEqual(states, [
    'fresh',
    'stale-while-revalidate',
    'stale-while-revalidate',
    'stale-if-error',
    'stale-if-error',
    'expired',
  ]);
});

test('without stale times an answer expires when it is no longer fresh', () => {
  const plain = { freshMs: 10, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  const instants = instantsFrom(0, plain, 0.5);
  assert.deepEqual([freshness(instants, 9), freshness(instants, 10)], ['fresh', 'expired']);
});

test('the stale times begin where the fresh time ends; the longer one is the end', () => {
  assert.deepEqual(instantsFrom(NOW, lifetime, 0.5), {
    fetchedAt: NOW,
    staleAt: NOW + 1_000,
    revalidateUntil: NOW + 1_100,
    deleteAt: NOW + 1_300,
  });
  const { revalidateUntil, deleteAt } = instantsFrom(NOW, { ...lifetime, staleIfErrorMs: 0 }, 0.5);
  assert.deepEqual([revalidateUntil, deleteAt], [NOW + 1_100, NOW + 1_100]);
});

test('the fresh time varies by a tenth to both sides, the stale times do not', () => {
  const spans = [0, 0.25, 0.5, 0.75, 1].map((random) => {
    const { staleAt, revalidateUntil, deleteAt } = instantsFrom(0, lifetime, random);
    assert.ok(Math.abs(revalidateUntil - staleAt - 100) < 1e-6);
    assert.ok(Math.abs(deleteAt - staleAt - 300) < 1e-6);
    return Math.round(staleAt);
  });
  assert.deepEqual(spans, [900, 950, 1_000, 1_050, 1_100]);
});

test('a range that ended long ago is fresh for longer; stale times are those of the tenant', () => {
  const stale = { staleWhileRevalidateMs, staleIfErrorMs };
  const closed = (endAt: number) =>
    rangeLifetime({ form: 'closed', startAt: 0, endAt }, policy, NOW);
  assert.deepEqual(closed(NOW - settleMs), { freshMs: closedMs, ...stale });
  assert.deepEqual(closed(NOW - settleMs + 1), { freshMs: openMs, ...stale });
  for (const range of [
    { form: 'default' },
    { form: 'since', startAt: 0 },
    { form: 'rolling', last: 'P1D' },
  ] as const) {
    assert.deepEqual(rangeLifetime(range, policy, NOW), { freshMs: openMs, ...stale });
  }
});

test('a summary that was found is kept, a missing one looked for again and never used stale', () => {
  const summary = { text: '', status: null, type: null, durationSeconds: null, createdAt: null };
  const never = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  const rows: readonly (readonly [SummaryResult, ReturnType<typeof summaryLifetime>])[] = [
    [
      { id: 'a', summary },
      { freshMs: closedMs, staleWhileRevalidateMs, staleIfErrorMs },
    ],
    [
      { id: 'a', reason: 'not-found' },
      { freshMs: 60_000, ...never },
    ],
    [
      { id: 'a', reason: 'unavailable' },
      { freshMs: 5_000, ...never },
    ],
  ];
  for (const [result, expected] of rows)
    assert.deepEqual(summaryLifetime(result, policy), expected);
});

test('a joined answer is as old as its oldest part and may be used as long as its shortest', () => {
  const parts = [
    { fetchedAt: 5, staleAt: 100, revalidateUntil: 110, deleteAt: 400 },
    { fetchedAt: 8, staleAt: 18, revalidateUntil: 200, deleteAt: 300 },
  ];
  assert.deepEqual(joinInstants(parts), {
    fetchedAt: 5,
    staleAt: 18,
    revalidateUntil: 110,
    deleteAt: 300,
  });
});

test('nothing outlives the longest life of all policies', () => {
  const short = {
    openMs: 0,
    closedMs: 0,
    settleMs: 0,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
  };
  const lifeOf = (random: number, each: typeof policy) => {
    const { deleteAt } = instantsFrom(
      0,
      rangeLifetime({ form: 'closed', startAt: 0, endAt: 0 }, each, settleMs),
      random,
    );
    return deleteAt;
  };
  // Whole milliseconds, rounded up.
  const isAbout = (longest: number, ms: number) => longest - ms > -1e-3 && longest - ms < 1.001;
  assert.ok(isAbout(longestLifeMs([policy]), closedMs * 1.1 + staleIfErrorMs));
  assert.ok(longestLifeMs([policy]) >= lifeOf(1 - Number.EPSILON, policy));
  assert.ok(isAbout(longestLifeMs([short]), 66_000), 'a summary is not found for a minute');
  assert.equal(longestLifeMs([short, policy, short]), longestLifeMs([policy]));
  const revalidating = {
    ...short,
    openMs: 3_600_000,
    staleWhileRevalidateMs: 5,
    staleIfErrorMs: 1,
  };
  assert.ok(isAbout(longestLifeMs([revalidating]), 3_960_005));
  assert.ok(Number.isInteger(longestLifeMs([revalidating])));
});
