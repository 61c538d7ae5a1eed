// How memory is shared out: entries and growth together never exceed what is promised, and entries have most of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareMemory } from '../src/memory-budget.ts';

const MIB = 1024 ** 2;

test('growth takes from the entries what it needs beyond 48 MiB', () => {
  for (const memory of [1, 16, 128, 256, 4096]) {
    const { entryBytes, growthBytes } = shareMemory(memory * MIB);
    assert.equal(entryBytes + growthBytes, (memory + 48) * MIB);
    assert.ok(entryBytes >= memory * MIB * 0.9 - 1, String(memory));
  }
});
