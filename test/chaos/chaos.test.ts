// The short form of `npm run chaos`: two replicas, a few of its rows, and all of its rules but those about time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowNamed } from './catalog.ts';
import { runAll } from './run.ts';
import { renderTable } from './table.ts';

const ROWS = ['redis-killed', '8x8-down', 'replica-told-to-end'];
const PACE = {
  beforeMs: 500,
  faultMs: 1_500,
  afterMs: 300,
  patienceMs: 14_000,
  rates: { hot: 40, stale: 20, lapsed: 10, cold: 10 },
};

// It has a pace of its own, which a busy machine makes longer.
test('nobody is failed whose answer is held, and nobody is lost', {
  timeout: 180_000,
}, async (t) => {
  const { results, breaches } = await runAll(t, {
    rows: ROWS.map(rowNamed),
    rounds: 1,
    replicas: 2,
    pace: PACE,
    timing: false,
  });
  t.diagnostic(`\n${renderTable(results)}`);
  assert.deepEqual(breaches, []);
  assert.deepEqual(
    results.map(({ row }) => row.name),
    ROWS,
  );
  const [, down] = results.map(({ figures }) => figures);
  // The fault was felt.
  assert.ok(down && down.coldServerErrors > 0 && down.staleServed > 0);
});
