// A process with too much to do refuses what it does not hold, and goes on serving what it does.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Shortage } from '../../src/resilience/load-gauge.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createClock } from '../support/clock.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import {
  listening,
  SEARCH,
  startService as startServiceProcess,
} from '../support/service-process.ts';

const { ada } = CUSTOMERS;
const HELD = `/v1/customer?tenant=acme&contactId=${ada.contactId}`;
const COLD = `${HELD}&last=P30D`;
const STALE = 'customer-360; fwd=stale; fwd-status=503; detail=stale-if-error';

async function start(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const clock = createClock(Date.now());
  const load: { shortage: Shortage | null } = { shortage: null };
  const service = await startService(t, {
    env,
    now: clock.now,
    shortage: () => load.shortage,
  });
  return { ...service, clock, load };
}

for (const shortage of ['event-loop', 'memory'] as const) {
  test(`short of ${shortage}: hits are served, misses refused, and all is well after`, async (t) => {
    const { ask, load, sandbox, events } = await start(t);
    await ask(HELD);
    load.shortage = shortage;
    const hit = await ask(HELD);
    assert.equal(hit.headers.get('cache-status'), 'customer-360; hit; ttl=60; detail=memory');
    const refused = await ask(COLD);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '5');
    assert.equal(((await refused.json()) as { type: string }).type, '/problems/overloaded');
    const summaries = await ask('/v1/summaries?tenant=acme&interactionId=a');
    assert.equal(summaries.status, 503);
    assert.equal(sandbox.calls.received, 1);
    assert.deepEqual(
      events.of('load-shed').map(({ reason }) => reason),
      [shortage, shortage],
    );
    load.shortage = null;
    assert.equal((await ask(COLD)).status, 200);
  });
}

test('what is stale is answered with, and refreshed behind nobody’s back', async (t) => {
  const { ask, load, clock, sandbox, events } = await start(t);
  await ask(HELD);
  load.shortage = 'event-loop';
  clock.pass(61_000);
  const revalidating = await ask(HELD);
  assert.match(revalidating.headers.get('cache-status') ?? '', /^customer-360; hit; ttl=-1;/);
  assert.equal((await events.nth('background-refresh', 1)).outcome, 'failed');
  clock.pass(3_600_000);
  assert.equal((await ask(HELD)).headers.get('cache-status'), STALE);
  assert.equal(sandbox.calls.received, 1);
});

test('that one process has too much to do keeps no other from fetching', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const shared = await createSandbox();
  t.after(shared.close);
  const clock = createClock(Date.now());
  const env = { REDIS_URL: redis.url };
  const options = { env, shared, now: clock.now };
  const busy = await startService(t, { ...options, shortage: () => 'memory' });
  const other = await startService(t, options);
  await other.ask(HELD);
  clock.pass(3_600_000);
  await other.events.nth('redis-messages', 1);
  assert.equal((await busy.ask(HELD)).headers.get('cache-status'), STALE);
  assert.match(
    (await other.ask(HELD)).headers.get('cache-status') ?? '',
    /^customer-360; fwd=miss/,
  );
});

/** What makes a process short of something, for good. */
const BURDENS = {
  'event-loop': {
    env: {},
    burden: `
      const block = () => { for (const until = performance.now() + 400; performance.now() < until;); };
      setInterval(block, 1);`,
  },
  memory: {
    env: { NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=16' },
    burden: `
      const held = [];
      const share = () => {
        const { used_heap_size, heap_size_limit } = getHeapStatistics();
        return used_heap_size / heap_size_limit;
      };
      while (share() < 0.72) held.push(new Array(10_000).fill(held.length));
      globalThis.held = held;`,
  },
};

for (const [shortage, { env, burden }] of Object.entries(BURDENS)) {
  test(`a process that is short of ${shortage} finds out itself, and does not break`, async (t) => {
    const { started, key } = await startServiceProcess(t, {
      env: { ...env, LOG_LEVEL: 'info' },
      prelude: `
        import { getHeapStatistics } from 'node:v8';
        process.once('SIGWINCH', () => { ${burden} });`,
    });
    const { api } = await listening(started);
    const ask = async (path: string) =>
      (await fetch(api + path, { headers: { 'x-app-key': key } })).status;
    assert.equal(await ask(SEARCH), 200);
    started.child.kill('SIGWINCH');
    await started.until(new RegExp(`"level":"warn".*"event":"load","shortage":"${shortage}"`));
    assert.equal(await ask(`${SEARCH}&last=P1D`), 503);
    assert.equal(await ask(SEARCH), 200);
    assert.equal(started.child.exitCode, null);
  });
}
