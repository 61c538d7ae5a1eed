// Redis may be missing, get lost, hang and come back: every request is answered all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createGate } from '../support/gate.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { type Service, startService } from '../support/service.ts';

type TestContext = Parameters<typeof startService>[0];

const { ada } = CUSTOMERS;

/** Too late for any request; the connection is not given up yet. */
const LATE_MS = 900;

/** Fails the test for what would end a process. */
function watchForUnhandled(t: TestContext): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  t.after(() => {
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
    assert.deepEqual(unhandled, []);
  });
}

/** Asks in every way, warm and cold, and counts vendor calls for what no process has asked before. */
async function assertServes(service: Service, days: number): Promise<void> {
  const search = `/v1/customer?tenant=acme&contactId=${ada.contactId}&last=P${days}D`;
  const requests = [
    () => service.ask(search),
    () => service.ask(search),
    () => service.ask(`${search}&include=summaries`),
    () => service.ask(search, { headers: { 'cache-control': 'no-cache' } }),
    () => service.ask(`/v1/summaries?tenant=acme&interactionId=a${days}`),
  ];
  for (const request of requests) {
    const reply = await request();
    assert.equal(reply.status, 200);
    await reply.arrayBuffer();
  }
}

async function assertReady({ url, opsUrl }: Service, degraded: readonly string[]): Promise<void> {
  for (const origin of [url, opsUrl]) {
    const reply = await fetch(`${origin}/readyz`);
    assert.equal(reply.status, 200);
    assert.deepEqual(await reply.json(), { status: 'ok', degraded });
    assert.equal((await fetch(`${origin}/livez`)).status, 200);
  }
  const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
  assert.match(
    metrics,
    new RegExp(
      `^customer360_redis_up\\{connection="commands"\\} ${degraded.length === 0 ? 1 : 0}$`,
      'm',
    ),
  );
}

/** Waits until Redis is seen as this for the n-th time. */
async function redisState(service: Service, state: 'ready' | 'lost', times: number): Promise<void> {
  const isReached = () =>
    service.events.of('redis-state').filter((event) => event.state === state).length >= times;
  for (let count = 1; !isReached(); count += 1) await service.events.nth('redis-state', count);
}

/** A port where there will be a Redis later. */
async function startAbsent(): Promise<RedisServer> {
  const redis = await startRedis();
  await redis.stop();
  return redis;
}

test('not there at the start, there later', async (t) => {
  watchForUnhandled(t);
  const absent = await startAbsent();
  const service = await startService(t, { env: { REDIS_URL: absent.url } });
  await redisState(service, 'lost', 1);
  await assertReady(service, ['redis']);
  await assertServes(service, 1);
  assert.ok(service.events.of('store-failed').length > 0);

  const redis = await startRedis({ port: absent.port });
  t.after(redis.stop);
  await redisState(service, 'ready', 1);
  await assertReady(service, []);
  service.events.clear();
  await assertServes(service, 2);
  assert.deepEqual(service.events.of('store-failed'), []);
});

test('lost while running, and back again', async (t) => {
  watchForUnhandled(t);
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, { env: { REDIS_URL: redis.url } });
  await assertReady(service, []);
  await assertServes(service, 1);

  await redis.stop();
  await redisState(service, 'lost', 1);
  await assertReady(service, ['redis']);
  await assertServes(service, 2);
  // What was kept in memory is still answered.
  const { received } = service.sandbox.calls;
  await service.ask(`/v1/customer?tenant=acme&contactId=${ada.contactId}&last=P1D`);
  assert.equal(service.sandbox.calls.received, received);

  const back = await startRedis({ port: redis.port });
  t.after(back.stop);
  await redisState(service, 'ready', 2);
  await assertReady(service, []);
  await assertServes(service, 3);
  const other = await startService(t, {
    env: { REDIS_URL: redis.url },
    shared: service.sandbox,
  });
  const reply = await other.ask(`/v1/customer?tenant=acme&contactId=${ada.contactId}&last=P3D`);
  assert.match(reply.headers.get('cache-status') ?? '', /; detail=redis$/);
  const levels = service
    .logs()
    .split('\n')
    .filter((line) => line.includes('"redis-state"'))
    .map((line) => (JSON.parse(line) as { level: number }).level);
  assert.deepEqual(levels, [30, 40, 30]);
});

test('lost in the middle of requests', async (t) => {
  watchForUnhandled(t);
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, { env: { REDIS_URL: redis.url } });
  redis.pause();
  const asked = Array.from({ length: 20 }, (_, index) =>
    service.ask(`/v1/customer?tenant=acme&contactId=${ada.contactId}&last=P${index + 1}D`),
  );
  await redis.stop();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([200]));
});

test('a Redis that hangs is a Redis that is lost', async (t) => {
  watchForUnhandled(t);
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, { env: { REDIS_URL: redis.url } });
  await assertServes(service, 1);
  redis.pause();
  await assertServes(service, 2);
  await redisState(service, 'lost', 1);
  await assertReady(service, ['redis']);
  await assertServes(service, 3);
  redis.resume();
  await redisState(service, 'ready', 2);
  await assertReady(service, []);
  service.events.clear();
  await assertServes(service, 4);
  assert.deepEqual(service.events.of('store-failed'), []);
});

test('a Redis that answers late is left alone until it is in time', async (t) => {
  watchForUnhandled(t);
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, { env: { REDIS_URL: redis.url }, redisTimeoutMs: 50 });
  const control = new Redis(redis.url);
  t.after(() => control.disconnect());
  await control.client('PAUSE', LATE_MS, 'ALL');
  await assertServes(service, 1);
  const [first, second] = [1, 2].map((count) => service.events.nth('redis-breaker', count));
  assert.equal((await first)?.state, 'open');
  const ready = await fetch(`${service.url}/readyz`);
  assert.deepEqual(await ready.json(), { status: 'ok', degraded: ['redis'] });
  assert.equal((await second)?.state, 'closed');
  await assertReady(service, []);
  service.events.clear();
  await assertServes(service, 2);
  assert.deepEqual(service.events.of('store-failed'), []);
});

test('an answer that has come in time is given, though Redis hangs before it is kept', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const sandbox = await createSandbox();
  t.after(sandbox.close);
  const gate = await createGate(t, sandbox);
  const service = await startService(t, {
    shared: sandbox,
    env: { REDIS_URL: redis.url },
    sections: { regions: gate.baseUrls, upstream: { deadline: '1s', attemptTimeout: '900ms' } },
  });
  const asked = service.ask(`/v1/customer?tenant=acme&contactId=${ada.contactId}`);
  await gate.nth(1);
  redis.pause();
  gate.open();
  const reply = await asked;
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('cache-status'), 'customer-360; fwd=miss; stored');
  assert.ok(service.events.of('store-failed').some(({ operation }) => operation === 'write'));
});

test('quotas hold without Redis, for each process', async (t) => {
  const absent = await startAbsent();
  const service = await startService(t, {
    env: { REDIS_URL: absent.url },
    desk: { quota: { requests: 2, per: '1m' } },
  });
  const statuses = [];
  for (let count = 0; count < 3; count += 1) {
    const reply = await service.ask(`/v1/customer?tenant=acme&email=${ada.email}`);
    statuses.push(reply.status);
  }
  assert.deepEqual(statuses, [200, 200, 429]);
});

test('a Redis Cluster that is lost, and back again', async (t) => {
  watchForUnhandled(t);
  const redis = await startCluster();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url, REDIS_MODE: 'cluster' };
  const service = await startService(t, { env });
  await assertServes(service, 1);
  await redis.stop();
  await assertServes(service, 2);
  await redisState(service, 'lost', 1);
  await assertReady(service, ['redis']);

  const back = await startCluster({ port: redis.port });
  t.after(back.stop);
  await redisState(service, 'ready', 2);
  await assertReady(service, []);
  service.events.clear();
  await assertServes(service, 3);
  assert.deepEqual(service.events.of('store-failed'), []);
});
