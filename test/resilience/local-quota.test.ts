// Quotas of one process: windows that begin with the first counted request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalQuota } from '../../src/resilience/local-quota.ts';
import { NOW } from '../support/queries.ts';

function createQuota({ processes = 1, requests = 3 } = {}) {
  const clock = { at: NOW };
  const counter = createLocalQuota({ processes, ticks: () => clock.at });
  return {
    take: (afterMs: number, cost = 1, name = 'desk') => {
      clock.at = NOW + afterMs;
      return counter.take(name, cost, { requests, perMs: 60_000 });
    },
  };
}

test('a window begins with the first counted request and ends after its time, all at once', async () => {
  const { take } = createQuota();
  assert.deepEqual(await take(500), { admitted: true, used: 1, resetMs: 60_000 });
  assert.deepEqual(await take(1_000), { admitted: true, used: 2, resetMs: 59_500 });
  assert.deepEqual(await take(60_499), { admitted: true, used: 3, resetMs: 1 });
  assert.deepEqual(await take(60_499), { admitted: false, used: 3, resetMs: 1 });
  assert.deepEqual(await take(60_500), { admitted: true, used: 1, resetMs: 60_000 });
});

test('a cost that does not fit is refused whole and not counted', async () => {
  const { take } = createQuota();
  assert.equal((await take(0, 2)).admitted, true);
  assert.deepEqual(await take(0, 2), { admitted: false, used: 2, resetMs: 60_000 });
  assert.deepEqual(await take(0, 1), { admitted: true, used: 3, resetMs: 60_000 });
});

test('what is given back never makes the use less than nothing', async () => {
  const { take } = createQuota();
  assert.equal((await take(0, -1)).used, 0);
  assert.equal((await take(0, 3)).used, 3);
  assert.equal((await take(0, -1)).used, 2);
  assert.deepEqual([(await take(0)).admitted, (await take(0)).admitted], [true, false]);
});

test('of several processes each admits its part, and what costs more only where it is whole', async () => {
  const { take } = createQuota({ processes: 4, requests: 20 });
  assert.deepEqual(await take(0), { admitted: true, used: 16, resetMs: 60_000 });
  for (let count = 1; count < 5; count += 1) assert.equal((await take(0)).admitted, true);
  assert.deepEqual(await take(0), { admitted: false, used: 20, resetMs: 60_000 });
  assert.equal((await take(60_000)).admitted, true);
  assert.equal((await take(60_000, 9)).admitted, true);
  assert.deepEqual(await take(60_000), { admitted: false, used: 20, resetMs: 120_000 });
});

test('each name has a window of its own', async () => {
  const { take } = createQuota();
  await take(0, 3, 'desk');
  assert.equal((await take(0, 1, 'desk')).admitted, false);
  assert.equal((await take(0, 1, 'mobile')).admitted, true);
});
