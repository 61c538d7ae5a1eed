// How far the heap may grow: always as many bytes, as far as V8 can be told so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthPercent } from '../../src/cli/heap-growth.ts';

const MIB = 1024 ** 2;

test('a heap may grow by 40 MiB, whatever its size', () => {
  for (const heap of [10, 20, 25, 40, 80, 100, 200]) {
    assert.equal((growthPercent(heap * MIB) / 100) * heap, 40);
  }
});

test('a tiny heap grows by its fourfold, a huge one by a fifth', () => {
  assert.equal(growthPercent(MIB), 400);
  assert.equal(growthPercent(4000 * MIB), 20);
});
