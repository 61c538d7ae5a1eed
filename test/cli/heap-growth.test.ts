// How far memory may grow between collections: always as many bytes, as far as V8 can be told so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { growthPercent } from '../../src/cli/heap-growth.ts';

const MIB = 1024 ** 2;

test('what is used may grow by so many bytes, whatever it is', () => {
  for (const used of [16, 20, 32, 64, 100, 128, 200]) {
    assert.equal((growthPercent(64 * MIB, used * MIB) / 100) * used, 64);
  }
});

test('little may grow by its fourfold, and much by a little', () => {
  assert.equal(growthPercent(64 * MIB, MIB), 400);
  assert.equal(growthPercent(64 * MIB, 64_000 * MIB), 1);
});

/** Holds 100 MiB, replaces all of it, and prints how far memory has grown at the most, in MiB. */
const GROWING = `
import { boundHeapGrowth } from ${JSON.stringify(import.meta.resolve('../../src/cli/heap-growth.ts'))};
boundHeapGrowth(20 * ${MIB});
const used = () => process.getBuiltinModule('v8').getHeapStatistics().used_heap_size / ${MIB};
const newArray = () => Array.from({ length: 2_000 }, (_, index) => index + 0.5);
const held = Array.from({ length: 6_400 }, newArray);
// What has been collected is told a few turns later.
for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
global.gc();
const before = used();
let most = 0;
for (let turn = 0; turn < 10_000; turn += 1) {
  held[turn % held.length] = newArray();
  if (turn % 10 === 0) await new Promise(setImmediate);
  most = Math.max(most, used());
}
console.log(Math.round(most - before));`;

test('it is set anew as memory grows', () => {
  const args = ['--expose-gc', '--max-semi-space-size=4', '--input-type=module', '--eval', GROWING];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(stderr, '');
  const grown = Number(stdout);
  assert.ok(grown > 0 && grown < 40, stdout);
});
