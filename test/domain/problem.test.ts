// Problems: each has a status, and Retry-After where its status wants one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isOutage,
  isProblem,
  isProblemSlug,
  PROBLEMS,
  Problem,
  type ProblemSlug,
} from '../../src/domain/problem.ts';

test('Retry-After is whole seconds from 1 to 600, on 429 and 503 alone', () => {
  const seconds = (slug: ProblemSlug, retryAfterSeconds?: number) =>
    new Problem(slug, retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
      .retryAfterSeconds;
  assert.equal(seconds('quota-exceeded', 0.2), 1);
  assert.equal(seconds('upstream-throttled', 7.1), 8);
  assert.equal(seconds('upstream-throttled', 86_400), 600);
  assert.equal(seconds('upstream-throttled', -5), 1);
  assert.equal(seconds('overloaded'), 5);
  assert.equal(seconds('upstream-timeout', 5), undefined);
  assert.equal(seconds('invalid-request', 5), undefined);
});

test('a problem is told by its type', () => {
  assert.ok(isProblem(new Problem('forbidden')));
  assert.ok(isProblem(new Problem('forbidden'), 'forbidden'));
  assert.ok(!isProblem(new Problem('forbidden'), 'not-found'));
  assert.ok(!isProblem(new Error('forbidden')));
});

test('every type explains itself', () => {
  for (const { status, title, explanation } of Object.values(PROBLEMS)) {
    assert.ok(status >= 400 && status < 600 && title.length > 5 && explanation.length > 20);
  }
});

test('a type is told from other texts', () => {
  assert.ok(isProblemSlug('upstream-timeout'));
  for (const text of ['', 'upstream', 'toString', '__proto__']) assert.ok(!isProblemSlug(text));
});

test('an outage is a failure that may be over soon: no verdict on the search, no fault of ours', () => {
  const outages = (Object.keys(PROBLEMS) as ProblemSlug[]).filter((slug) =>
    isOutage(new Problem(slug)),
  );
  assert.deepEqual(outages.toSorted(), [
    'overloaded',
    'store-unavailable',
    'upstream-invalid',
    'upstream-misconfigured',
    'upstream-throttled',
    'upstream-timeout',
    'upstream-unavailable',
  ]);
  assert.ok(!isOutage(new RangeError('ours')));
  assert.ok(!isOutage(undefined));
});
