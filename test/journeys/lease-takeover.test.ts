// The process that fetches for all dies, or stands still: another takes its place, and nothing old comes after.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createGate } from '../support/gate.ts';
import { watchLeases } from '../support/lease-watch.ts';
import { startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replica-processes.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
const TAKEOVER_MS = 2_500;
const DAY_MS = 86_400_000;
const STORED = 'customer-360; fwd=miss; stored';

/** Two processes over one Redis, before a sandbox whose calls wait at a gate. */
async function start(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const population = [...standardPopulation(Date.now() - DAY_MS)];
  const sandbox = await createSandbox({ population });
  t.after(sandbox.close);
  const gate = await createGate(t, sandbox);
  const replicas = await startReplicas(t, {
    count: 2,
    redisUrl: redis.url,
    regions: gate.baseUrls,
    // A call is never given up, so that only leases end.
    sections: { upstream: { deadline: '50s', attemptTimeout: '50s' } },
  });
  const [first, second] = replicas;
  assert.ok(first && second);
  const change = () => population.splice(0, population.length, ...standardPopulation(Date.now()));
  return { first, second, gate, sandbox, change, leases: await watchLeases(t, redis.url) };
}

test('the holder is killed, and who waits elsewhere gets an answer soon', async (t) => {
  const { first, second, gate, sandbox, leases } = await start(t);
  const lost = first.ask(ADA).catch(() => 'lost');
  await gate.nth(1);
  const asked = second.ask(ADA);
  // Taken by the first; tried twice by the second, which waits from then on.
  await leases('SET', 3);
  const killedAt = performance.now();
  first.child.kill('SIGKILL');
  await gate.nth(2);
  const tookMs = performance.now() - killedAt;
  assert.ok(tookMs <= TAKEOVER_MS, `${Math.round(tookMs)} ms`);
  gate.open();
  const reply = await asked;
  assert.deepEqual([reply.status, reply.headers.get('cache-status')], [200, STORED]);
  assert.equal(await lost, 'lost');
  assert.equal(gate.arrived, 2);
  assert.equal((await sandbox.calls.nth(1)).endpoint, 'interactions');
});

test('a holder that stood still cannot overwrite what came after', async (t) => {
  const { first, second, gate, sandbox, change, leases } = await start(t);
  const asked = first.ask(ADA);
  await gate.nth(1);
  first.child.kill('SIGSTOP');
  // 8x8 answers, which nobody reads yet, and then knows something else.
  gate.open();
  await (await sandbox.calls.nth(1)).outcome;
  change();
  const next = await second.ask(ADA);
  assert.equal(next.headers.get('cache-status'), STORED);
  const newer = await next.text();
  first.child.kill('SIGCONT');
  const late = await asked;
  assert.deepEqual(
    [late.status, late.headers.get('cache-status')],
    [200, 'customer-360; fwd=miss'],
  );
  assert.notEqual(await late.text(), newer);
  for (const replica of [first, second]) {
    const again = await replica.ask(ADA);
    assert.match(again.headers.get('cache-status') ?? '', /; hit; /);
    assert.equal(await again.text(), newer);
  }
  assert.equal(gate.arrived, 2);
  await leases('SET', 2);
});
