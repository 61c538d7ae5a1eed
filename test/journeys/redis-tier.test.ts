// Two services on one Redis: what one has fetched, the other answers; quotas are counted together.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { TENANTS } from '../../src/sandbox/tenants.ts';
import { type RedisOptions, startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { type Service, type ServiceOptions, startService } from '../support/service.ts';

type TestContext = Parameters<typeof startService>[0];

const { ada } = CUSTOMERS;
const SEARCH = `/v1/customer?tenant=acme&contactId=${ada.contactId}`;
const PATHS = [
  SEARCH,
  `${SEARCH}&include=summaries`,
  '/v1/summaries?tenant=acme&interactionId=a&interactionId=b',
];

/** Makes services that share a Redis, and one simulated vendor. */
async function share(t: TestContext, redisOptions: RedisOptions = {}) {
  const redis = await startRedis(redisOptions);
  t.after(redis.stop);
  const first = await startService(t, { env: { REDIS_URL: redis.url } });
  const another = ({ env, ...options }: ServiceOptions = {}) =>
    startService(t, {
      shared: first.sandbox,
      env: { REDIS_URL: redis.url, ...env },
      ...options,
    });
  return { redis, first, another };
}

async function provenance(service: Service, path: string): Promise<string> {
  const reply = await service.ask(path);
  assert.equal(reply.status, 200);
  return (reply.headers.get('cache-status') ?? '').replace(/ttl=\d+/, 'ttl');
}

const FROM_REDIS = 'customer-360; hit; ttl; detail=redis';
const FROM_MEMORY = 'customer-360; hit; ttl; detail=memory';
const STORED = 'customer-360; fwd=miss; stored';

test('what one service has fetched the other has from Redis, then from memory', async (t) => {
  const { first, another } = await share(t);
  const bodies = [];
  for (const path of PATHS) bodies.push(await (await first.ask(path)).text());
  const calls = first.sandbox.calls.received;

  const second = await another();
  for (const [index, path] of PATHS.entries()) {
    const reply = await second.ask(path);
    assert.match(reply.headers.get('cache-status') ?? '', /; detail=redis$/);
    assert.equal(await reply.text(), bodies[index]);
    assert.equal(await provenance(second, path), FROM_MEMORY);
  }
  assert.equal(first.sandbox.calls.received, calls);
  assert.deepEqual(
    second.events.of('cache-read').map(({ kind, outcome, tier }) => [kind, outcome, tier]),
    ['range', 'joined', 'summary'].flatMap((kind) => [
      [kind, 'hit', 'redis'],
      [kind, 'hit', 'memory'],
    ]),
  );
});

test('the entry tells its age and its tag wherever it is read', async (t) => {
  let at = Date.UTC(2026, 5, 15, 12);
  const now = () => at;
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url };
  const first = await startService(t, { env, now });
  const etag = (await first.ask(SEARCH)).headers.get('etag');
  const second = await startService(t, { env, now, shared: first.sandbox });
  at += 7_000;
  const reply = await second.ask(SEARCH);
  assert.equal(reply.headers.get('age'), '7');
  assert.equal(reply.headers.get('cache-status'), 'customer-360; hit; ttl=53; detail=redis');
  assert.equal(reply.headers.get('etag'), etag);
});

test('another secret is a cold cache', async (t) => {
  const { first, another } = await share(t);
  for (const path of PATHS) await provenance(first, path);
  const second = await another({
    env: { CACHE_SECRET: Buffer.alloc(32, 4).toString('base64url') },
  });
  for (const path of PATHS) assert.match(await provenance(second, path), /fwd=miss; stored$/);
  for (const path of PATHS) assert.equal(await provenance(first, path), FROM_MEMORY);
});

test('a tenant that is pointed elsewhere never shows what was kept before', async (t) => {
  const { first, another } = await share(t);
  const before = await (await first.ask(SEARCH)).text();
  const { tenantId, region } = TENANTS.acmeUk;
  const moved = await another({ tenants: { acme: { tenantId, region } } });
  const reply = await moved.ask(SEARCH);
  assert.equal(reply.headers.get('cache-status'), STORED);
  assert.notEqual(await reply.text(), before);

  // The region alone, too: 8x8 is asked, and does not know the tenant there.
  const inOtherRegion = await another({ tenants: { acme: { region } } });
  assert.equal((await inOtherRegion.ask(SEARCH)).status, 502);
  const withOtherId = await another({ tenants: { acme: { tenantId: 'another' } } });
  assert.equal((await withOtherId.ask(SEARCH)).status, 502);

  const back = await another();
  assert.equal(await provenance(back, SEARCH), FROM_REDIS);
});

test('a refresh by one service is what the other one finds', async (t) => {
  const day = 86_400_000;
  const population = standardPopulation(Date.now() - day);
  const vendor = [...population];
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url };
  const first = await startService(t, { env, sandbox: { population: vendor } });
  const old = await (await first.ask(SEARCH)).text();
  vendor.splice(0, vendor.length, ...standardPopulation(Date.now()));
  const refreshed = await first.ask(SEARCH, { headers: { 'cache-control': 'no-cache' } });
  const fresh = await refreshed.text();
  assert.notEqual(fresh, old);

  const second = await startService(t, { env, shared: first.sandbox });
  assert.equal(await (await second.ask(SEARCH)).text(), fresh);
});

test('the quota of an app is one for all services', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url };
  const desk = { quota: { requests: 3, per: '1m' } };
  const first = await startService(t, { env, desk });
  const second = await startService(t, { env, desk, shared: first.sandbox });
  const statuses = [];
  for (const service of [first, second, first, second, first]) {
    statuses.push((await service.ask(SEARCH)).status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
});

test('entries end in Redis by themselves', async (t) => {
  const redis = await startRedis({ args: ['--notify-keyspace-events', 'Ex', '--hz', '100'] });
  t.after(redis.stop);
  const [watcher, reader] = [new Redis(redis.url), new Redis(redis.url)];
  t.after(() => {
    watcher.disconnect();
    reader.disconnect();
  });
  await watcher.subscribe('__keyevent@0__:expired');
  const service = await startService(t, {
    env: { REDIS_URL: redis.url },
    tenants: {
      acme: { freshness: { open: '300ms', staleWhileRevalidate: '0s', staleIfError: '0s' } },
    },
  });
  const ended = new Set<string>();
  const expired = new Promise<void>((resolve) => {
    watcher.on('message', (_channel, key: string) => {
      ended.add(key);
      if (ended.size === 2) resolve();
    });
  });
  await service.ask(SEARCH);
  const [hash = ''] = (await reader.keys('c360:1:*')).filter((key) => !key.endsWith(':range'));
  const left = await reader.pttl(hash);
  assert.ok(left > 0 && left <= 300, String(left));
  await expired;
  assert.deepEqual([...ended].sort(), [hash, `${hash}:range`]);
  assert.equal(await provenance(service, SEARCH), STORED);
});

test('an entry stays in Redis for as long as it may be used stale', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  const freshness = { open: '1m', staleWhileRevalidate: '10m', staleIfError: '2h' };
  const service = await startService(t, {
    env: { REDIS_URL: redis.url },
    tenants: { acme: { freshness } },
  });
  await service.ask(SEARCH);
  const wanted = 60_000 + 7_200_000;
  const names = await client.keys('c360:1:*');
  assert.equal(names.length, 2);
  for (const name of names) {
    const left = await client.pttl(name);
    assert.ok(left > wanted - 30_000 && left <= wanted, `${left} ms`);
  }
});

test('what does not decrypt is a miss, and counted', async (t) => {
  const { redis, first, another } = await share(t);
  await provenance(first, SEARCH);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  const [hash = ''] = (await client.keys('c360:1:*')).filter((key) => !key.endsWith(':range'));
  const [field = ''] = await client.hkeys(hash);
  const frame = await client.hgetBuffer(hash, field);
  assert.ok(frame);
  frame.writeUInt8(frame.readUInt8(frame.length - 20) ^ 1, frame.length - 20);
  await client.hset(hash, field, frame);

  const second = await another();
  assert.equal(await provenance(second, SEARCH), STORED);
  assert.equal(second.events.of('entry-unreadable').length, 1);
  const third = await another();
  assert.equal(await provenance(third, SEARCH), FROM_REDIS);
});

for (const password of [undefined, 'p@ss:w/rd']) {
  test(`a Redis Cluster ${password ? 'with' : 'without'} a password`, async (t) => {
    const redis = await startCluster(password ? { args: ['--requirepass', password] } : {});
    t.after(redis.stop);
    const url = password
      ? redis.url.replace('//', `//:${encodeURIComponent(password)}@`)
      : redis.url;
    const env = { REDIS_URL: url, REDIS_MODE: 'cluster' };
    const desk = { quota: { requests: 7, per: '1m' } };
    const first = await startService(t, { env, desk });
    const second = await startService(t, { env, desk, shared: first.sandbox });
    for (const path of PATHS) await provenance(first, path);
    for (const path of PATHS) assert.match(await provenance(second, path), /; detail=redis$/);
    assert.deepEqual(first.events.of('store-failed'), []);
    assert.equal((await first.ask(SEARCH)).status, 200);
    assert.equal((await second.ask(SEARCH)).status, 429);
    assert.deepEqual(await (await fetch(`${second.opsUrl}/readyz`)).json(), {
      status: 'ok',
      degraded: [],
    });
  });
}

test('a Redis with a password, and one whose password is wrong', async (t) => {
  const redis = await startRedis({ args: ['--requirepass', 'sesame open'] });
  t.after(redis.stop);
  const withPassword = (password: string) =>
    redis.url.replace('//', `//:${encodeURIComponent(password)}@`);
  const first = await startService(t, { env: { REDIS_URL: withPassword('sesame open') } });
  assert.equal(await provenance(first, SEARCH), STORED);
  const second = await startService(t, {
    env: { REDIS_URL: withPassword('sesame open') },
    shared: first.sandbox,
  });
  assert.equal(await provenance(second, SEARCH), FROM_REDIS);

  const lockedOut = await startService(t, {
    env: { REDIS_URL: withPassword('wrong') },
    shared: first.sandbox,
  });
  assert.equal(await provenance(lockedOut, SEARCH), STORED);
  assert.deepEqual(await (await fetch(`${lockedOut.opsUrl}/readyz`)).json(), {
    status: 'ok',
    degraded: ['redis'],
  });
});

test('a service that has ended leaves no connection behind', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, { env: { REDIS_URL: redis.url } });
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  const connections = async () =>
    String(await client.client('LIST'))
      .trim()
      .split('\n').length;
  // Beside ours: one for commands, one for messages.
  while ((await connections()) < 3) await client.ping();
  await service.ask(SEARCH);
  assert.equal(await connections(), 3);
  const ended = once(service.app.api.server, 'close');
  await service.app.drain({ delayMs: 0, graceMs: 0 });
  await ended;
  while ((await connections()) > 1) await client.ping();
});
