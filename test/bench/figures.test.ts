// The arithmetic over measured figures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference, median, percentile, ratio } from '../../bench/harness/figures.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([10, 1, 3]), 3);
  assert.equal(median([4, 1, 10, 2]), 3);
  assert.equal(median([7]), 7);
});

test('a percentile is one of the values, by number and not by text', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1).reverse();
  assert.equal(percentile(values, 0), 1);
  assert.equal(percentile(values, 99), 99);
  assert.equal(percentile(values, 100), 100);
  assert.equal(percentile([9, 10, 100], 50), 10);
});

test('nothing has no median', () => {
  assert.throws(() => median([]), RangeError);
});

test('ratios and differences are taken within each round', () => {
  const ours = [50, 100, 10];
  const theirs = [100, 200, 10];
  assert.equal(ratio(ours, theirs), 0.5);
  assert.equal(difference(ours, theirs), -50);
});
