// How far memory may grow between collections: always as many bytes, as far as V8 can be told so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthPercent } from '../../src/cli/heap-growth.ts';

const MIB = 1024 ** 2;

test('what is used may grow by 64 MiB, whatever it is', () => {
  for (const used of [16, 20, 32, 64, 100, 128, 200]) {
    assert.equal((growthPercent(used * MIB) / 100) * used, 64);
  }
});

test('little may grow by its fourfold, much by three tenths', () => {
  assert.equal(growthPercent(MIB), 400);
  assert.equal(growthPercent(4000 * MIB), 30);
});
