// A master of Redis is lost and another takes over: every request is answered, and processes find each other again.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createClock } from '../support/clock.ts';
import { startFailoverCluster } from '../support/redis-failover-cluster.ts';
import { startSentinel } from '../support/redis-sentinel.ts';
import { type Service, startService } from '../support/service.ts';

const MODES = {
  sentinel: async (t: TestContext) => {
    const { url, name, killMaster } = await startSentinel(t);
    const env = { REDIS_URL: url, REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME: name };
    return { env, killMaster };
  },
  cluster: async (t: TestContext) => {
    const { url, killMaster } = await startFailoverCluster(t);
    return { env: { REDIS_URL: url, REDIS_MODE: 'cluster' }, killMaster };
  },
};

/** In a Cluster they lie on different servers. */
const CUSTOMERS_ASKED = Object.values(CUSTOMERS).flatMap((customer) =>
  'contactId' in customer ? [customer.contactId] : [],
);

const pathOf = (contactId: string, days: number) =>
  `/v1/customer?tenant=acme&contactId=${contactId}&last=P${days}D`;

/** Where answers come from; each must be one. */
async function askAll({ ask }: Service, days: number): Promise<readonly string[]> {
  const replies = await Promise.all(CUSTOMERS_ASKED.map((id) => ask(pathOf(id, days))));
  for (const { status } of replies) assert.equal(status, 200);
  return replies.map(({ headers }) => headers.get('cache-status') ?? '');
}

const isFromRedis = (status: string) => status.endsWith('; detail=redis');

for (const [mode, startMode] of Object.entries(MODES)) {
  test(`a master is lost: ${mode}`, async (t) => {
    const { env, killMaster } = await startMode(t);
    const clock = createClock(Date.now());
    const one = await startService(t, { env, now: clock.now, redisTimeoutMs: 200 });
    const other = await startService(t, {
      env,
      now: clock.now,
      redisTimeoutMs: 200,
      shared: one.sandbox,
    });
    await askAll(one, 1);
    assert.ok((await askAll(other, 1)).every(isFromRedis));
    await killMaster();
    // What nobody has, until one brings it and the other finds all of it in Redis.
    let days = 2;
    for (; ; days += 1) {
      assert.ok((await askAll(one, 1)).every((status) => status.includes('; detail=memory')));
      await askAll(one, days);
      if ((await askAll(other, days)).every(isFromRedis)) break;
    }
    assert.ok(one.events.of('store-failed').length > 0, 'it was lost for a while');
    assert.deepEqual(one.events.of('internal-error'), []);
    // They hear of each other: no time passes, in which the other would look for itself.
    clock.pass(5_000);
    const [first = ''] = CUSTOMERS_ASKED;
    for (;;) {
      await one.ask(pathOf(first, days), { headers: { 'cache-control': 'no-cache' } });
      const reply = await other.ask(pathOf(first, days));
      if (reply.headers.get('age') === '0') break;
    }
  });
}
