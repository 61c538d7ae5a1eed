// The budget of a vendor's key: each call counts, whoever shares the key; when it is spent, what is kept is used.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createClock } from '../support/clock.ts';
import { createGate } from '../support/gate.ts';
import { startRedis } from '../support/redis.ts';
import { type ServiceOptions, startService } from '../support/service.ts';

const STORED = 'customer-360; fwd=miss; stored';
const STALE = 'customer-360; fwd=stale; fwd-status=503; detail=stale-if-error';
/** Past its fresh time, and past that in which it is answered with while it is fetched anew. */
const PAST_MS = 60_000 + 600_000;
const DAY_MS = 86_400_000;
const budget = { requests: 10, per: '1d' };
/** They have the same key. */
const BOTH = { acme: { budget }, 'acme-uk': { budget } };

const pathOf = (contact: string, tenant = 'acme') =>
  `/v1/customer?tenant=${tenant}&contactId=${contact}`;
const statusOf = (reply: Response) => reply.headers.get('cache-status');
const problemOf = async (reply: Response) => ((await reply.json()) as { type: string }).type;

async function start(t: TestContext, options: ServiceOptions = {}) {
  const clock = createClock(Date.now());
  const service = await startService(t, {
    now: clock.now,
    sandbox: { now: clock.now },
    tenants: BOTH,
    // One app has the whole budget.
    other: { tenants: ['globex'] },
    ...options,
  });
  const spend = async (count: number) => {
    for (let number = 0; number < count; number += 1) {
      assert.equal(statusOf(await service.ask(pathOf(`spent-${number}`))), STORED);
    }
  };
  return { ...service, clock, spend };
}

test('when it is spent, what is kept is used, and the rest is told when to come back', async (t) => {
  const { ask, clock, spend, sandbox, events } = await start(t);
  await ask(pathOf('held'));
  await spend(9);
  const refused = await ask(pathOf('new'));
  assert.equal(refused.status, 503);
  assert.equal(await problemOf(refused), '/problems/upstream-throttled');
  // The next call is there in a tenth of a day; ten minutes are the most that is told.
  assert.equal(refused.headers.get('retry-after'), '600');
  clock.pass(PAST_MS);
  assert.equal(statusOf(await ask(pathOf('held'))), STALE);
  assert.equal(sandbox.calls.received, 10);
  clock.pass(DAY_MS / 10);
  assert.equal(statusOf(await ask(pathOf('new'))), STORED);
  assert.equal(events.of('budget').at(-1)?.left, 0);
});

test('a second try counts, too', async (t) => {
  const { ask, sandbox, spend } = await start(t);
  await spend(8);
  sandbox.faults.set('unavailable', { times: 1 });
  assert.equal(statusOf(await ask(pathOf('tried-twice'))), STORED);
  assert.equal((await ask(pathOf('new'))).status, 503);
  assert.equal(sandbox.calls.received, 10);
});

test('a refresh behind a caller leaves the last calls to those who wait', async (t) => {
  const { ask, clock, spend, events, sandbox } = await start(t);
  await ask(pathOf('held'));
  clock.pass(70_000);
  await spend(8);
  assert.match(statusOf(await ask(pathOf('held'))) ?? '', /; hit; ttl=-/);
  assert.equal((await events.nth('background-refresh', 1)).outcome, 'failed');
  assert.equal(sandbox.calls.received, 9);
  assert.equal(statusOf(await ask(pathOf('new'))), STORED);
  assert.deepEqual(
    events.of('budget').flatMap(({ outcome, priority }) => (outcome === 'spent' ? [priority] : [])),
    ['refresh'],
  );
});

test('tenants with the same key share it, and a tenant with another key does not', async (t) => {
  const { ask, spend } = await start(t);
  await spend(10);
  const refused = await ask(pathOf('new', 'acme-uk'));
  assert.equal(await problemOf(refused), '/problems/upstream-throttled');
  assert.equal(statusOf(await ask(pathOf('new', 'initech'))), STORED);
});

test('what is left is told as it is when metrics are read, not as it was at the last call', async (t) => {
  const { ask, clock, sandbox, opsUrl } = await start(t, {
    // The first key is revoked; the second one is that of the other tenant, too.
    tenants: { ...BOTH, acme: { budget, apiKeys: [{ env: 'OLD_KEY' }, { env: 'ACME_KEY' }] } },
    env: { OLD_KEY: 'revoked' },
  });
  const left = async () => {
    const text = await (await fetch(`${opsUrl}/metrics`)).text();
    const samples = text.matchAll(/^customer360_budget_left_calls\{tenant="(.*)"\} (.*)$/gm);
    return Object.fromEntries([...samples].map(([, tenant, calls]) => [tenant, Number(calls)]));
  };
  assert.deepEqual(await left(), { acme: 10, 'acme-uk': 10 });
  for (let number = 0; number < 3; number += 1) await ask(pathOf(`new-${number}`, 'acme-uk'));
  assert.deepEqual(await left(), { acme: 7, 'acme-uk': 7 });
  clock.pass(DAY_MS / 10);
  assert.deepEqual(await left(), { acme: 8, 'acme-uk': 8 });
  sandbox.faults.set({ kind: 'throttled', retryAfterSeconds: 30 }, { times: 1 });
  assert.equal((await ask(pathOf('refused', 'acme-uk'))).status, 503);
  assert.deepEqual(await left(), { acme: 0, 'acme-uk': 0 });
});

test('replicas share it, and its name in Redis is not the key', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const env = { REDIS_URL: server.url };
  const one = await start(t, { env });
  const other = await start(t, { env, shared: one.sandbox });
  for (let number = 0; number < 5; number += 1) {
    for (const [name, { ask }] of Object.entries({ one, other })) {
      assert.equal(statusOf(await ask(pathOf(`${name}-${number}`))), STORED);
    }
  }
  for (const { ask } of [one, other]) assert.equal((await ask(pathOf('new'))).status, 503);
  assert.equal(one.sandbox.calls.received, 10);
});

test('workers that have never reached Redis grant their share of budget and quota each', async (t) => {
  const server = await startRedis();
  await server.stop();
  const { ask } = await start(t, {
    env: { REDIS_URL: server.url, WORKERS: '3' },
    desk: { quota: { requests: 15, per: '1d' } },
  });
  const statuses = [];
  for (let number = 0; number < 6; number += 1) {
    statuses.push((await ask(pathOf(`new-${number}`))).status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 503, 503, 429]);
});

const LARGE = { budget: { requests: 1_000, per: '1m' } };

for (const [kind, tenants] of Object.entries({
  'with a budget': { acme: LARGE, 'acme-uk': LARGE },
  'without one': {},
})) {
  test(`${kind}: when 8x8 refuses one customer's call, none is made until it allows it`, async (t) => {
    const { ask, clock, sandbox, logs } = await start(t, { tenants });
    sandbox.faults.set({ kind: 'throttled', retryAfterSeconds: 30 }, { times: 1 });
    const refused = await ask(pathOf('first'));
    assert.equal(refused.headers.get('retry-after'), '30');
    clock.pass(10_000);
    const paused = await ask(pathOf('second'));
    assert.equal(await problemOf(paused), '/problems/upstream-throttled');
    assert.equal(paused.headers.get('retry-after'), '20');
    assert.equal(sandbox.calls.received, 1);
    clock.pass(20_000);
    assert.equal(statusOf(await ask(pathOf('second'))), STORED);
    assert.match(logs(), /"event":"budget","tenant":"acme","outcome":"lowered"/);
  });
}

for (const [where, startStore] of Object.entries({
  'in one process': async () => ({}),
  'over Redis': async (t: TestContext) => {
    const server = await startRedis();
    t.after(server.stop);
    return { REDIS_URL: server.url };
  },
})) {
  test(`${where}: calls that are refused together lower the rate once, and that is one line`, async (t) => {
    const shared = await createSandbox();
    t.after(shared.close);
    const gate = await createGate(t, shared);
    const { ask, events, logs, opsUrl } = await start(t, {
      shared,
      sections: { regions: gate.baseUrls },
      tenants: { acme: LARGE, 'acme-uk': LARGE },
      env: await startStore(t),
    });
    shared.faults.set({ kind: 'throttled', retryAfterSeconds: 30 });
    const asked = Array.from({ length: 30 }, (_, number) => ask(pathOf(`refused-${number}`)));
    await gate.nth(30);
    gate.open();
    const replies = await Promise.all(asked);
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([503]));
    // What was told last may still be on its way from Redis.
    while (events.of('budget').every(({ outcome }) => outcome !== 'lowered')) {
      await new Promise(setImmediate);
    }
    await ask(pathOf('paused'));
    assert.equal(logs().match(/"outcome":"lowered"/g)?.length, 1);
    const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
    const line = /^customer360_budget_calls_total\{tenant="acme",outcome="lowered",.*\} (.*)$/m;
    assert.equal(line.exec(metrics)?.[1], '1');
  });
}
