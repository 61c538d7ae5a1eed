// The spellings that the benchmarks ask in: all of one customer mean the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createZipf, SPELLINGS, spellingsOf } from '../../bench/harness/spellings.ts';
import { readQuery } from '../support/queries.ts';

test('all spellings of a customer differ, and are one query', () => {
  for (const number of [0, 1, 1_998, 1_999]) {
    const paths = spellingsOf(number);
    assert.equal(new Set(paths).size, SPELLINGS);
    const [first, ...others] = paths.map((path) => readQuery(path.split('?')[1] ?? ''));
    for (const other of others) assert.deepEqual(other, first);
  }
});

test('small numbers are drawn more often, and none beyond the last', () => {
  const zipf = createZipf(3);
  const draws = [0, 0.5, 0.6, 0.8, 0.9, 0.999_999].map(zipf);
  assert.deepEqual(draws, [0, 0, 1, 1, 2, 2]);
});
