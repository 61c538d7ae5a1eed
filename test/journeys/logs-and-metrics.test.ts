// What an operator sees: one log line a request with exactly its fields, and metrics with few labels.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { REDIS_AT_FIRST } from '../telemetry/every-event.ts';

const { ada } = CUSTOMERS;
const ADA = `/v1/customer?tenant=acme&contactId=${ada.contactId}`;

type Line = Readonly<Record<string, unknown>>;

function lines({ logs }: Service, event: string): readonly Line[] {
  const all = logs().split('\n').filter(Boolean);
  return all.map((line) => JSON.parse(line) as Line).filter((line) => line.event === event);
}

/** Waits until so many requests have ended, which is after their replies were read. */
async function requestLines(service: Service, count: number): Promise<readonly Line[]> {
  await service.events.nth('request', count);
  return lines(service, 'request');
}

// Beside `If-None-Match`, fetch adds `Cache-Control: no-cache` where there is none.
const UNCHANGED = { 'if-none-match': '*', 'cache-control': 'max-age=0' };

const INFO = 30;
const DEBUG = 20;
const WARN = 40;

test('a request is one line with exactly these fields', async (t) => {
  const service = await startService(t);
  await service.ask(ADA, { headers: { 'x-request-id': 'my-request.1' } });
  const [line, ...others] = await requestLines(service, 1);
  assert.deepEqual(others, []);
  const { time, pid, hostname, durationMs, ...rest } = line ?? {};
  assert.ok(typeof durationMs === 'number' && durationMs > 0 && durationMs < 10_000);
  assert.ok(time && pid && hostname);
  assert.deepEqual(rest, {
    level: INFO,
    msg: 'request',
    event: 'request',
    requestId: 'my-request.1',
    method: 'GET',
    route: '/v1/customer',
    status: 200,
    outcome: 'miss',
    reason: null,
    app: 'desk',
    tenant: 'acme',
    strategy: 'contact',
  });
});

test('each kind of request says what became of it', async (t) => {
  const service = await startService(t);
  const { ask, post, url } = service;
  const body = { tenant: 'acme', email: ada.email };
  const noCache = { headers: { 'cache-control': 'no-cache' } };
  const expected: readonly (readonly [() => Promise<Response>, Line])[] = [
    [() => post('/v1/customer', body), { outcome: 'miss', strategy: 'email', status: 200 }],
    [() => post('/v1/customer', body), { outcome: 'hit', method: 'POST' }],
    [() => post('/v1/customer', body, { method: 'QUERY' }), { outcome: 'hit', method: 'QUERY' }],
    [() => ask(ADA, noCache), { outcome: 'refresh', strategy: 'contact' }],
    [
      () => ask(ADA, { headers: UNCHANGED }),
      { outcome: 'hit', status: 304, route: '/v1/customer' },
    ],
    [
      () => ask('/v1/customer?tenant=acme&phoneNumber=%2B14155550101'),
      { outcome: 'miss', strategy: 'phone' },
    ],
    [
      () => ask('/v1/customer?tenant=acme&accountId=account-analytical'),
      { outcome: 'miss', strategy: 'account' },
    ],
    [
      () => ask('/v1/summaries?tenant=acme&interactionId=a'),
      { outcome: 'miss', route: '/v1/summaries', strategy: null, tenant: 'acme', app: 'desk' },
    ],
    [
      () => ask('/v1/customer?tenant=acme'),
      { outcome: 'invalid-request', status: 400, tenant: 'acme', strategy: null },
    ],
    [() => ask('/v1/customer?tenant=nobody'), { outcome: 'forbidden', app: 'desk', tenant: null }],
    [() => fetch(url + ADA), { outcome: 'unauthenticated', status: 401, app: null, tenant: null }],
    [() => ask('/v1/nothing'), { outcome: 'not-found', status: 404, route: null }],
    [
      () => ask('/v1/customer', { method: 'PUT' }),
      { outcome: 'method-not-allowed', status: 405, route: '/v1/customer' },
    ],
    [() => ask('/problems/%zz'), { outcome: 'malformed-request', status: 400 }],
    [() => ask('/livez'), { outcome: 'ok', level: DEBUG, route: '/livez' }],
    [() => ask('/readyz'), { outcome: 'ok', level: DEBUG, route: '/readyz' }],
    [() => fetch(`${service.opsUrl}/metrics`), { level: DEBUG, route: '/metrics' }],
    [() => fetch(`${service.opsUrl}/livez`), { level: DEBUG, route: '/livez' }],
    [() => ask('/openapi.json'), { outcome: 'ok', level: INFO, route: '/openapi.json' }],
  ];
  for (const [index, [request, fields]] of expected.entries()) {
    const reply = await request();
    await reply.arrayBuffer();
    const found = await requestLines(service, index + 1);
    assert.equal(found.length, index + 1);
    assert.partialDeepStrictEqual(found.at(-1), fields);
    assert.equal(found.at(-1)?.requestId, reply.headers.get('x-request-id'));
  }
});

test('a fault of 8x8 is a warning with its region, outcome and time', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('server-error');
  await service.ask(ADA);
  const [line] = await requestLines(service, 1);
  assert.partialDeepStrictEqual(line, {
    level: WARN,
    outcome: 'upstream-unavailable',
    status: 503,
  });
  const [call] = lines(service, 'upstream-call');
  assert.partialDeepStrictEqual(call, {
    level: WARN,
    region: 'us',
    endpoint: 'interactions',
    outcome: 'upstream-unavailable',
  });
  assert.equal(typeof call?.durationMs, 'number');
});

test('a caller who leaves is a line as well', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('hang', { times: 1 });
  const left = new AbortController();
  const call = service.sandbox.calls.next();
  const reply = service.ask(ADA, { signal: left.signal });
  await call;
  left.abort();
  await assert.rejects(reply);
  assert.partialDeepStrictEqual((await requestLines(service, 1))[0], {
    outcome: 'aborted',
    status: null,
    app: 'desk',
    tenant: 'acme',
    strategy: 'contact',
  });
});

async function metricsOf({ opsUrl }: Service): Promise<string> {
  const reply = await fetch(`${opsUrl}/metrics`);
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('content-type') ?? '', /^text\/plain; version=/);
  return reply.text();
}

test('metrics count requests by method, route and status, reads of the cache, and calls', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, { env: { REDIS_URL: redis.url } });
  await service.ask(`${ADA}&include=summaries`);
  await service.ask(`${ADA}&include=summaries`);
  await service.ask(`/v1/nothing/${ada.contactId}`);
  await service.ask(`/${ada.email}`);
  await service.ask('/problems/no-such-problem');
  service.sandbox.faults.set('throttled');
  await service.ask(ADA, { headers: { 'cache-control': 'no-cache' } });
  await service.ask(`${ADA}&last=P1D`);
  await service.events.nth('request', 7);

  const text = await metricsOf(service);
  for (const line of [
    'http_request_duration_seconds_count{method="GET",route="/v1/customer",status_code="200"} 3',
    'http_request_duration_seconds_count{method="GET",route="/v1/customer",status_code="503"} 1',
    'http_request_duration_seconds_count{method="GET",route="none",status_code="404"} 2',
    'http_request_duration_seconds_count{method="GET",route="/problems/:slug",status_code="404"} 1',
    'customer360_cache_reads_total{kind="joined",outcome="miss",tier="none"} 1',
    'customer360_cache_reads_total{kind="joined",outcome="hit",tier="memory"} 1',
    'customer360_cache_reads_total{kind="range",outcome="miss",tier="none"} 2',
    'customer360_cache_reads_total{kind="range",outcome="stale-if-error",tier="none"} 1',
    `customer360_cache_reads_total{kind="summary",outcome="miss",tier="none"} ${ada.recent}`,
    'customer360_upstream_call_duration_seconds_count{region="us",endpoint="interactions",outcome="ok",priority="caller"} 1',
    'customer360_upstream_call_duration_seconds_count{region="us",endpoint="summaries",outcome="ok",priority="caller"} 1',
    'customer360_upstream_call_duration_seconds_count{region="us",endpoint="interactions",outcome="upstream-throttled",priority="caller"} 1',
    'customer360_budget_calls_total{tenant="acme",outcome="spent",priority="caller"} 1',
    'customer360_leases_total{kind="joined",outcome="stored"} 1',
    'customer360_leases_total{kind="range",outcome="stored"} 1',
    'customer360_leases_total{kind="range",outcome="released"} 2',
    'customer360_redis_up{connection="commands"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  }
  assert.match(text, /^http_request_duration_seconds_bucket\{.*le="0\.005".*\} \d+$/m);
  assert.match(text, /^process_cpu_user_seconds_total /m);
});

test('gauges of states are there before anything happens; those of Redis where there is one', async (t) => {
  const states = async (service: Service) =>
    (await metricsOf(service))
      .split('\n')
      .filter((line) =>
        /^customer360_(breaker|upstream_(refusing|calls_)|redis|counting|replicas)/.test(line),
      );
  const forRegions = (name: string) =>
    ['us', 'uk', 'ca', 'ap'].map((region) => `customer360_upstream_${name}{region="${region}"} 0`);
  const guards = [
    'customer360_breaker_state{tenant="acme",region="us"} 0',
    'customer360_breaker_state{tenant="acme-uk",region="uk"} 0',
    'customer360_breaker_state{tenant="globex",region="ca"} 0',
    'customer360_breaker_state{tenant="initech",region="ap"} 0',
    ...forRegions('refusing'),
  ];
  const calls = [...forRegions('calls_under_way'), ...forRegions('calls_waiting')];
  assert.deepEqual(await states(await startService(t)), [...guards, ...calls]);
  const nobody = await startRedis();
  await nobody.stop();
  const withRedis = await startService(t, { env: { REDIS_URL: nobody.url } });
  assert.deepEqual(await states(withRedis), [...guards, ...REDIS_AT_FIRST, ...calls]);
});

test('no label is a raw path', async (t) => {
  const service = await startService(t);
  const paths = [
    '/',
    '/v1/customer/x1',
    '/docs/x2',
    '/docs/static/x3.js',
    '/problems/x4',
    '/x5?a=b',
  ];
  for (const path of paths) await service.ask(path);
  await fetch(`${service.opsUrl}/x6`);
  await service.events.nth('request', paths.length + 1);
  const routes = [...(await metricsOf(service)).matchAll(/route="([^"]*)"/g)];
  const known = ['none', '/problems/:slug', '/docs', '/docs/', '/docs/static/*', '/docs/*'];
  assert.ok(routes.length > 0);
  for (const [, route = ''] of routes) assert.ok(known.includes(route), route);
});

test('drift in an answer is counted, and the answer is used', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('drift');
  assert.equal((await service.ask(ADA)).status, 200);
  const text = await metricsOf(service);
  assert.match(
    text,
    /^customer360_upstream_drift_total\{endpoint="interactions",drift="unknown-field"\} \d+$/m,
  );
  assert.match(
    text,
    /^customer360_upstream_drift_total\{endpoint="interactions",drift="unknown-value"\} \d+$/m,
  );
});
