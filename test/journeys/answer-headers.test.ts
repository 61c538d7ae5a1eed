// What a reply says about itself: how long it keeps, how old it is, where it came from and what it varies by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createClock } from '../support/clock.ts';
import { sendRaw } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const START = Date.UTC(2026, 5, 15, 12, 34, 56, 789);

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
const VARY = 'Authorization, X-App-Key, Accept-Encoding, Origin';

/** The headers that tell how an answer may be kept. */
async function told(
  { ask }: Service,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string | null>>> {
  const reply = await ask(path, { headers });
  await reply.arrayBuffer();
  const get = (name: string) => reply.headers.get(name);
  assert.equal(get('vary'), VARY);
  return {
    age: get('age'),
    cacheControl: get('cache-control'),
    cacheStatus: get('cache-status'),
  };
}

const cacheControl = (maxAge: number) => `private, max-age=${maxAge}, stale-while-revalidate=600`;

test('an open range is fresh for a minute, and ages', async (t) => {
  const { now, pass } = createClock(START);
  const service = await startService(t, { now, sandbox: { now } });
  const miss = {
    age: '0',
    cacheControl: cacheControl(60),
    cacheStatus: 'customer-360; fwd=miss; stored',
  };
  const hit = (age: number) => ({
    age: String(age),
    cacheControl: cacheControl(60),
    cacheStatus: `customer-360; hit; ttl=${60 - age}; detail=memory`,
  });
  assert.deepEqual(await told(service, ADA), miss);
  assert.deepEqual(await told(service, ADA), hit(0));
  pass(42 * SECOND);
  assert.deepEqual(await told(service, ADA), hit(42));
  pass(17_999);
  assert.equal((await told(service, ADA)).age, '59');
  assert.equal((await told(service, ADA)).cacheStatus, 'customer-360; hit; ttl=0; detail=memory');
  pass(1);
  // Answered with once more, while it is fetched anew.
  assert.deepEqual(await told(service, ADA), hit(60));
  await service.events.nth('background-refresh', 1);
  assert.deepEqual(await told(service, ADA), hit(0));
  assert.equal(service.sandbox.calls.received, 2);
  pass(60 * SECOND + 10 * MINUTE);
  assert.deepEqual(await told(service, ADA), miss);
});

test('a range that ended two days ago is fresh for a day', async (t) => {
  const { now, pass } = createClock(START);
  const service = await startService(t, { now, sandbox: { now } });
  const settled = `${ADA}&startTime=2026-01-01T00:00:00Z&endTime=2026-06-13T12:34:00Z`;
  const unsettled = `${ADA}&startTime=2026-01-01T00:00:00Z&endTime=2026-06-13T12:35:00Z`;
  assert.equal((await told(service, settled)).cacheControl, cacheControl(86_400));
  assert.equal((await told(service, unsettled)).cacheControl, cacheControl(60));
  pass(DAY - 1);
  const { age, cacheStatus } = await told(service, settled);
  assert.deepEqual([age, cacheStatus], ['86399', 'customer-360; hit; ttl=0; detail=memory']);
  pass(1);
  const again = await told(service, settled);
  assert.deepEqual([again.age, again.cacheStatus], ['86400', cacheStatus]);
  await service.events.nth('background-refresh', 1);
  assert.equal((await told(service, settled)).age, '0');
});

test('the lifetimes are those of the tenant', async (t) => {
  const { now, pass } = createClock(START);
  const freshness = { open: '5s', closed: '1h', settle: '1m', staleWhileRevalidate: '30s' };
  const service = await startService(t, { now, tenants: { acme: { freshness } } });
  const open = await told(service, ADA);
  assert.equal(open.cacheControl, 'private, max-age=5, stale-while-revalidate=30');
  const closed = await told(service, `${ADA}&endTime=2026-06-15T12:33:00Z`);
  assert.equal(closed.cacheControl, 'private, max-age=3600, stale-while-revalidate=30');
  pass(34_999);
  const stale = await told(service, ADA);
  assert.equal(stale.cacheStatus, 'customer-360; hit; ttl=-30; detail=memory');
  await service.events.nth('background-refresh', 1);
  pass(35 * SECOND);
  assert.equal((await told(service, ADA)).cacheStatus, 'customer-360; fwd=miss; stored');
});

test('without stale times an answer is fetched anew when it is no longer fresh', async (t) => {
  const { now, pass } = createClock(START);
  const freshness = { open: '5s', staleWhileRevalidate: '0s', staleIfError: '0s' };
  const service = await startService(t, { now, tenants: { acme: { freshness } } });
  const stored = {
    age: '0',
    cacheControl: 'private, max-age=5, stale-while-revalidate=0',
    cacheStatus: 'customer-360; fwd=miss; stored',
  };
  assert.deepEqual(await told(service, ADA), stored);
  pass(4_999);
  assert.equal((await told(service, ADA)).cacheStatus, 'customer-360; hit; ttl=0; detail=memory');
  pass(1);
  assert.deepEqual(await told(service, ADA), stored);
  service.sandbox.faults.set('server-error');
  pass(5 * SECOND);
  assert.equal((await service.ask(ADA)).status, 503);
});

test('no-cache is a refresh with the scope for it, and is ignored without', async (t) => {
  const { now, pass } = createClock(START);
  const service = await startService(t, { now });
  const { keys, sandbox } = service;
  await told(service, ADA);
  pass(10 * SECOND);
  const refusing = { authorization: `Bearer ${keys.other}` };
  for (const value of ['no-cache', 'No-Cache', 'max-age=0, no-cache', 'no-cache,no-store']) {
    const ignored = await told(service, ADA, { ...refusing, 'cache-control': value });
    assert.equal(ignored.cacheStatus, 'customer-360; hit; ttl=50; detail=memory');
  }
  assert.equal(sandbox.calls.received, 1);

  const refreshed = await told(service, ADA, { 'cache-control': 'no-cache' });
  assert.equal(refreshed.cacheStatus, 'customer-360; fwd=request; stored');
  assert.equal(refreshed.age, '0');
  assert.equal(sandbox.calls.received, 2);
  const { cacheStatus } = await told(service, ADA);
  assert.equal(cacheStatus, 'customer-360; hit; ttl=60; detail=memory');

  for (const value of [
    'no-store',
    'max-age=0',
    'x-no-cache',
    'no-cache-please',
    'only-if-cached',
  ]) {
    const { cacheStatus } = await told(service, ADA, { 'cache-control': value });
    assert.match(cacheStatus ?? '', /; hit;/, value);
  }
});

test('a joined answer is fresh for the shortest of its parts', async (t) => {
  const { now, pass } = createClock(START);
  const service = await startService(t, { now, sandbox: { now } });
  const joined = `${ADA}&include=summaries`;
  service.sandbox.faults.set('server-error', { endpoint: 'summaries' });
  assert.equal((await told(service, joined)).cacheControl, cacheControl(5));
  service.sandbox.faults.set(null);
  pass(5 * SECOND);
  const mended = await told(service, joined);
  assert.equal(mended.cacheStatus, 'customer-360; fwd=miss; stored');
  // The customer was fetched five seconds earlier.
  assert.equal(mended.age, '5');
  assert.equal(
    (await told(service, joined)).cacheStatus,
    'customer-360; hit; ttl=55; detail=memory',
  );
});

test('summaries are kept one by one', async (t) => {
  const { now, pass } = createClock(START);
  const service = await startService(t, { now });
  const path = '/v1/summaries?tenant=acme&interactionId=nothing';
  const miss = await told(service, path);
  assert.deepEqual(miss, {
    age: '0',
    cacheControl: cacheControl(60),
    cacheStatus: 'customer-360; fwd=miss; stored',
  });
  pass(20 * SECOND);
  assert.equal((await told(service, path)).cacheStatus, 'customer-360; hit; ttl=40; detail=memory');
  assert.equal((await told(service, path)).age, '20');
  const refreshed = await told(service, path, { 'cache-control': 'no-cache' });
  assert.equal(refreshed.cacheStatus, 'customer-360; fwd=request; stored');
});

test('nothing but an answer may be stored', async (t) => {
  const service = await startService(t);
  const { url, keys, sandbox } = service;
  const headers = { Authorization: `Bearer ${keys.desk}` };
  sandbox.faults.set('server-error');
  const rows: readonly (readonly [method: string, path: string, status: number])[] = [
    ['GET', '/livez', 200],
    ['GET', '/readyz', 200],
    ['GET', '/openapi.json', 200],
    ['GET', '/docs', 200],
    ['GET', '/problems', 200],
    ['GET', '/problems/forbidden', 200],
    ['OPTIONS', '/v1/customer', 204],
    ['GET', '/v1/customer', 400],
    ['GET', '/v1/customer?tenant=nobody', 403],
    ['GET', '/nowhere', 404],
    ['PUT', '/v1/customer', 405],
    ['GET', ADA, 503],
    ['GET', '/%zz', 400],
  ];
  for (const [method, path, status] of rows) {
    const reply = await sendRaw(url, [method, path], { headers });
    assert.equal(reply.status, status, path);
    assert.equal(reply.headers.get('cache-control'), 'no-store', path);
    assert.equal(reply.headers.get('vary'), VARY, path);
    assert.ok(!reply.headers.has('cache-status'), path);
    assert.ok(!reply.headers.has('age'), path);
  }
});

test('an answer is JSON in UTF-8', async (t) => {
  const service = await startService(t);
  const reply = await service.ask(`/v1/customer?tenant=acme&contactId=${CUSTOMERS.zoe.contactId}`);
  assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
  const { customer } = (await reply.json()) as { customer: object };
  assert.deepEqual(customer, { by: 'contact', value: 'contact-zoë', crmId: 'native' });
});
