// 8x8 sends without end, in one stream or in crumbs: the process stays small, and the connection is cut.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Fault } from '../../src/sandbox/faults.ts';
import { listening, startService } from '../support/service-process.ts';
import { untilTrue } from '../support/until.ts';

const MIB = 1024 * 1024;
const ENDLESS_BYTES = 200 * MIB;
const PATIENCE = { deadline: '40s', attemptTimeout: '40s' };

interface Row {
  readonly kind: Fault['kind'];
  readonly callers: number;
  /** How many of them are under way at once. */
  readonly connections: number;
  readonly maxMib: number;
}

/** What the calls under way may hold, twice over since a body grows by doubling, and what waits to be collected. */
const mostGrowthOf = ({ connections, maxMib }: Row) => (2 * connections * maxMib + 128) * MIB;

/** Asks for as many customers as there are callers while the fault is on; tells how far memory rose meanwhile. */
async function ask(t: TestContext, { kind, callers, connections, maxMib }: Row) {
  const { sandbox, started, key } = await startService(t, {
    config: { upstream: { ...PATIENCE, connections, maxResponse: `${maxMib}MiB` } },
  });
  const { api, ops } = await listening(started);
  const resident = async () => {
    const text = await (await fetch(`${ops}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
  };
  const slugOf = async (contact: string) => {
    const reply = await fetch(`${api}/v1/customer?tenant=acme&contactId=${contact}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { type } = (await reply.json()) as { type?: string };
    return type ?? reply.status;
  };
  assert.equal(await slugOf('before'), 200);
  const before = await resident();
  sandbox.faults.set({ kind, bytes: ENDLESS_BYTES });
  sandbox.calls.clear();
  let isOver = false;
  const asked = Promise.all(
    Array.from({ length: callers }, (_, number) => slugOf(`contact-${number}`)),
  ).finally(() => {
    isOver = true;
  });
  let most = await resident();
  while (!isOver) most = Math.max(most, await resident());
  const slugs = await asked;
  const outcomes = await Promise.all(sandbox.calls.all.map(({ outcome }) => outcome));
  sandbox.faults.set(null);
  // A process that has had too much to do may refuse for another second.
  await untilTrue(10_000, async () => (await slugOf('contact-0')) === 200);
  return { growth: most - before, slugs, outcomes };
}

const ROWS: readonly Row[] = [
  { kind: 'huge', callers: 20, connections: 4, maxMib: 8 },
  // Each byte in a chunk of its own, of which reading takes longer.
  { kind: 'crumbs', callers: 1, connections: 1, maxMib: 2 },
];

for (const row of ROWS) {
  test(`200 MB are read as far as an answer may be long: ${row.kind}`, async (t) => {
    const { growth, slugs, outcomes } = await ask(t, row);
    t.diagnostic(`grown by ${Math.round(growth / MIB)} MiB`);
    assert.deepEqual(slugs, Array(row.callers).fill('/problems/upstream-invalid'));
    // Not one was sent to its end.
    assert.deepEqual(outcomes, Array(row.callers).fill('aborted'));
    assert.ok(growth < mostGrowthOf(row), `grown by ${growth} bytes`);
  });
}
