// Restarts: at once as a rule, later and later for workers that keep dying young.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRestartWaits } from '../../src/cli/restart-wait.ts';

const waitsAfter = (...lives: readonly number[]) => {
  const waits = createRestartWaits();
  return lives.map((livedMs) => waits.afterDeath(livedMs));
};

test('the first early death waits for nothing, the next ones for longer, to five seconds', () => {
  const lives = Array.from({ length: 9 }, (_, at) => at * 1000);
  assert.deepEqual(
    waitsAfter(...lives),
    [0, 0.25, 0.5, 1, 2, 4, 5, 5, 5].map((s) => s * 1000),
  );
});

test('a life of ten seconds ends the series', () => {
  assert.deepEqual(waitsAfter(1, 9_999, 10_000, 1, 1), [0, 250, 0, 0, 250]);
  assert.deepEqual(waitsAfter(10_000, 10_000, 60_000), [0, 0, 0]);
});
