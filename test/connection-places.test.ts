// How many connections a process takes: by what they cost in memory, and by the files that it may open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConnectionPlaces } from '../src/connection-places.ts';

const placesOf = (openFiles?: number) => {
  const { callers, ops } = createConnectionPlaces(() => undefined, openFiles);
  return [callers.most, ops.most];
};

test('where files are plenty, memory is the bound', () => {
  assert.deepEqual(placesOf(1_048_576), [12_000, 100]);
  assert.deepEqual(placesOf(Number.POSITIVE_INFINITY), [12_000, 100]);
});

test('where they are fewer, some are left for other things, half of them at the most', () => {
  assert.deepEqual(placesOf(4_096), [3_096, 100]);
  assert.deepEqual(placesOf(1_024), [512, 64]);
  assert.deepEqual(placesOf(256), [128, 16]);
});

test('what this machine allows is known', () => {
  const [callers = 0, ops = 0] = placesOf();
  assert.ok(callers > 0 && callers <= 12_000);
  assert.ok(ops > 0 && ops <= 100);
});
