// The wait after a refresh that failed: longer each time, with jitter, and as the vendor asks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackOff, type Failure, failureAfter, isOver } from '../../src/cache/back-off.ts';
import { instantsFrom } from '../../src/domain/freshness.ts';
import { Problem } from '../../src/domain/problem.ts';
import { someKey } from '../support/store-contract.ts';

const NOW = 1_000_000;
const LIFETIME = { freshMs: 1, staleWhileRevalidateMs: 1, staleIfErrorMs: 1 };
const HOUR_MS = 3_600_000;
const problem = new Problem('upstream-unavailable');
const asking = (retryAfterSeconds: number) =>
  new Problem('upstream-throttled', { retryAfterSeconds });

/** The waits (ms) after so many failures in a row. */
function waits(count: number, random: number): readonly number[] {
  let failure: Failure | undefined;
  return Array.from({ length: count }, () => {
    failure = failureAfter(failure, problem, { now: NOW, random });
    return failure.retryAt - NOW;
  });
}

const waitFor = (retryAfterSeconds: number, earlier?: Failure) =>
  failureAfter(earlier, asking(retryAfterSeconds), { now: NOW, random: 0 }).retryAt - NOW;

test('the wait doubles from a second up to a minute, and is half of that at least', () => {
  const longest = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000];
  assert.deepEqual(
    waits(9, 0),
    longest.map((ms) => ms / 2),
  );
  assert.deepEqual(
    waits(9, 0.5),
    longest.map((ms) => ms * 0.75),
  );
  for (const [index, wait] of waits(9, 1 - Number.EPSILON).entries()) {
    assert.ok(wait <= (longest[index] ?? 0) && wait > (longest[index] ?? 0) * 0.99);
  }
});

test('ten thousand failures later it is still a minute', () => {
  assert.equal(waits(10_000, 0).at(-1), 30_000);
});

test('it is never shorter than the Retry-After of the vendor, of which an hour at most is believed', () => {
  assert.equal(waitFor(7), 7_000);
  assert.equal(waitFor(0.2), 500);
  assert.equal(waitFor(0), 500);
  assert.equal(waitFor(-5), 500);
  assert.equal(waitFor(3_600), HOUR_MS);
  assert.equal(waitFor(86_400), HOUR_MS);
  assert.equal(waitFor(Number.POSITIVE_INFINITY), HOUR_MS);
});

test('a wait that the vendor asked for makes the next one no longer', () => {
  const first = failureAfter(undefined, asking(600), { now: NOW, random: 0 });
  assert.equal(waitFor(0, first), 1_000);
});

test('the status is that of the last failure', () => {
  const first = failureAfter(undefined, problem, { now: NOW, random: 0 });
  assert.deepEqual(first, {
    slug: 'upstream-unavailable',
    status: 503,
    failedAt: NOW,
    heldFrom: undefined,
    count: 1,
    retryAt: NOW + 500,
  });
  const last = asking(0);
  const second = failureAfter(first, last, { now: NOW + 10, random: 0 });
  assert.deepEqual(second, {
    slug: last.slug,
    status: last.status,
    failedAt: NOW + 10,
    heldFrom: undefined,
    count: 2,
    retryAt: NOW + 10 + 1_000,
  });
});

test('it is over when something else is held, whatever the clocks of others say', () => {
  const at = (fetchedAt: number) => instantsFrom(fetchedAt, LIFETIME, 0.5);
  const held = failureAfter(undefined, problem, { now: NOW, random: 0, heldFrom: NOW + 5_000 });
  assert.equal(isOver(held, at(NOW + 5_000)), false);
  assert.equal(isOver(held, at(NOW + 5_001)), true);
  assert.equal(isOver(held, at(NOW - 1)), true);
  const bare = failureAfter(undefined, problem, { now: NOW, random: 0 });
  assert.deepEqual([isOver(bare, at(NOW)), isOver(bare, at(NOW + 1))], [false, true]);
});

test('what went well between two failures ends their row, though nobody told of it', () => {
  const backOff = createBackOff({ now: () => NOW, random: () => 0 });
  const place = someKey();
  const countAfter = (heldFrom: number | undefined) => {
    backOff.note(place, new Problem('upstream-unavailable'), heldFrom);
    return backOff.failureOf(place)?.count;
  };
  assert.deepEqual([undefined, undefined, NOW, NOW].map(countAfter), [1, 2, 3, 4]);
  assert.deepEqual([NOW + 1, NOW + 1, NOW + 2].map(countAfter), [1, 2, 1]);
});
