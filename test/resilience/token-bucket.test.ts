// The bucket: it empties by one, fills with time, keeps something for the more urgent, and is slowed by refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Priority } from '../../src/domain/source.ts';
import {
  type Bucket,
  fullBucket,
  refilled,
  slowed,
  take,
} from '../../src/resilience/token-bucket.ts';

const NOW = 1_000_000;
const allowance = { requests: 10, perMs: 60_000 };
const full = fullBucket(allowance, NOW);

const slow = (bucket: Bucket, retryAfterMs: number) => slowed(bucket, retryAfterMs).bucket;

/** Takes until nothing more is given; how many were, and what the last one was told. */
function drain(bucket: Bucket, priority: Priority = 'caller') {
  let left = bucket;
  for (let count = 0; ; count += 1) {
    const { bucket: after, taken } = take(left, allowance, priority);
    if (!taken.isAdmitted) return { count, waitMs: taken.waitMs, left };
    left = after;
  }
}

test('a full bucket gives as many as are allowed, then one each time that it has filled by one', () => {
  const { count, waitMs, left } = drain(full);
  assert.deepEqual([count, waitMs], [10, 6_000]);
  assert.equal(drain(refilled(left, allowance, NOW + 5_999)).count, 0);
  assert.equal(drain(refilled(left, allowance, NOW + 6_000)).count, 1);
  assert.equal(drain(refilled(left, allowance, NOW + 600_000)).count, 10);
});

test('a refresh leaves a tenth to callers, an export half', () => {
  assert.equal(drain(full, 'refresh').count, 9);
  assert.equal(drain(full, 'export').count, 5);
  const { left } = drain(full, 'export');
  assert.equal(drain(left).count, 5);
});

test('a clock that was set back fills nothing, and takes nothing away', () => {
  const { left } = drain(full);
  assert.equal(drain(refilled(left, allowance, NOW - 600_000)).count, 0);
  assert.equal(drain(refilled(full, allowance, NOW - 600_000)).count, 10);
});

test('a refusal leaves one call for the end of the pause, and nothing is taken before', () => {
  const after = slow(full, 30_000);
  assert.deepEqual([drain(after).count, drain(after).waitMs], [0, 30_000]);
  assert.equal(drain(refilled(after, allowance, NOW + 29_999)).count, 0);
  assert.equal(drain(refilled(after, allowance, NOW + 30_000)).count, 1);
  const { left } = drain(full);
  const empty = slow(left, 30_000);
  assert.equal(drain(refilled(empty, allowance, NOW + 30_000)).count, 0, 'it gives none');
  // Half of the rate: one in twelve seconds, from the end of the pause on.
  assert.equal(drain(empty).waitMs, 42_000);
});

test('during a pause it does not fill, however often it is looked at, and its rate does not recover', () => {
  const paused = slow(full, 600_000);
  const times = Array.from({ length: 10 }, (_, index) => NOW + (index + 1) * 60_000);
  const watched = times.reduce((bucket, time) => refilled(bucket, allowance, time), paused);
  for (const bucket of [watched, refilled(paused, allowance, NOW + 600_000)]) {
    assert.deepEqual([bucket.tokens, bucket.share], [1, 0.5]);
    const later = refilled(bucket, allowance, NOW + 660_000);
    assert.deepEqual([later.tokens, later.share], [6, 0.6]);
  }
});

test('a shorter pause does not end a longer one', () => {
  const after = slow(slow(full, 30_000), 1_000);
  assert.equal(drain(after).waitMs, 30_000);
});

test('each refusal halves the rate, down to a tenth; those of one second count once', () => {
  let bucket = full;
  const shares = Array.from({ length: 6 }, (_, index) => {
    bucket = slow(refilled(bucket, allowance, NOW + index * 1_001), 0);
    return Number(bucket.share.toFixed(2));
  });
  assert.deepEqual(shares, [0.5, 0.25, 0.13, 0.1, 0.1, 0.1]);
  const lowered = [0, 0, 500, 999, 1_000, 1_500].map((ms) => {
    const after = slowed(refilled(bucket, allowance, NOW + 100_000 + ms), 0);
    bucket = after.bucket;
    return after.isLowered;
  });
  assert.deepEqual(lowered, [true, false, false, false, false, false]);
  assert.equal(slowed(refilled(bucket, allowance, NOW + 102_500), 0).isLowered, true);
});

test('it recovers by a tenth in each period', () => {
  const after = slow(full, 0);
  const shareAfter = (periods: number) =>
    Number(refilled(after, allowance, NOW + periods * 60_000).share.toFixed(2));
  assert.deepEqual([1, 2, 4, 5, 50].map(shareAfter), [0.6, 0.7, 0.9, 1, 1]);
});
