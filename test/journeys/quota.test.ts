// The quota of an app: what counts, what it says about itself, and what happens when it is used up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from '../support/clock.ts';
import { assertProblem, faultsIn, problemIn, type RawReply, sendRaw } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const SECOND = 1_000;
const START = Date.UTC(2026, 5, 15, 12, 34, 56, 789);
const CUSTOMER = '/v1/customer?tenant=acme&email=a@b.example';

type Headers = Readonly<Record<string, string>>;

function ask({ url, keys }: Service, path: string, headers: Headers = {}): Promise<RawReply> {
  const all = { Authorization: `Bearer ${keys.desk}`, ...headers };
  return sendRaw(url, ['GET', path], { headers: all });
}

function summariesPath(count: number): string {
  const ids = Array.from({ length: count }, (_, index) => `&interactionId=none-${index}`);
  return `/v1/summaries?tenant=acme${ids.join('')}`;
}

/** Remaining requests and seconds. */
function limitOf({ headers }: RawReply): readonly [number, number] {
  const match = /^"app";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '');
  assert.ok(match, headers.get('ratelimit'));
  return [Number(match[1]), Number(match[2])];
}

test('every authenticated request counts, and says what is left', async (t) => {
  const { now } = createClock(START);
  const quota = { requests: 12, per: '1m' };
  const service = await startService(t, { now, desk: { quota } });
  const { url, keys } = service;
  const first = await ask(service, CUSTOMER);
  assert.equal(first.headers.get('ratelimit'), '"app";r=11;t=60');
  assert.equal(first.headers.get('ratelimit-policy'), '"app";q=12;w=60');

  const authorization = { Authorization: `Bearer ${keys.desk}` };
  const json = { ...authorization, 'Content-Type': 'application/json' };
  const tag = { ...authorization, 'If-None-Match': first.headers.get('etag') ?? '' };
  const rows: readonly (readonly [number, () => Promise<RawReply>])[] = [
    [200, () => sendRaw(url, ['HEAD', CUSTOMER], { headers: authorization })],
    [304, () => sendRaw(url, ['GET', CUSTOMER], { headers: tag })],
    [400, () => sendRaw(url, ['GET', '/v1/customer'], { headers: authorization })],
    [400, () => sendRaw(url, ['POST', '/v1/customer'], { headers: json, body: '{' })],
    [
      413,
      () => sendRaw(url, ['POST', '/v1/customer'], { headers: json, body: ' '.repeat(70_000) }),
    ],
    [415, () => sendRaw(url, ['POST', '/v1/customer'], { headers: authorization, body: '{}' })],
    [403, () => sendRaw(url, ['GET', '/v1/customer?tenant=x'], { headers: authorization })],
    [200, () => sendRaw(url, ['GET', summariesPath(1)], { headers: authorization })],
    [400, () => sendRaw(url, ['QUERY', '/v1/summaries'], { headers: authorization })],
  ];
  let left = 11;
  for (const [status, request] of rows) {
    const reply = await request();
    left -= 1;
    assert.equal(reply.status, status);
    assert.equal(reply.headers.get('ratelimit'), `"app";r=${left};t=60`, String(status));
    assert.equal(reply.headers.get('ratelimit-policy'), '"app";q=12;w=60');
  }
});

test('what is not an authenticated request of /v1 neither counts nor tells', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 2, per: '1m' } } });
  const { url, keys } = service;
  const right = { Authorization: `Bearer ${keys.desk}` };
  const rows: readonly (readonly [string, string, Headers])[] = [
    ['GET', CUSTOMER, {}],
    ['GET', '/livez', right],
    ['GET', '/problems', right],
    ['GET', '/v1/nowhere', right],
    ['PUT', '/v1/customer', right],
    ['OPTIONS', '/v1/customer', right],
    ['GET', '/v1/%zz', right],
  ];
  for (const [method, path, headers] of rows) {
    const reply = await sendRaw(url, [method, path], { headers });
    assert.ok(!reply.headers.has('ratelimit'), `${method} ${path}`);
    assert.ok(!reply.headers.has('ratelimit-policy'), `${method} ${path}`);
  }
  assert.deepEqual(limitOf(await ask(service, CUSTOMER))[0], 1);
});

test('a used up quota is a 429 until the window ends, which begins with the first request', async (t) => {
  const { now, pass } = createClock(START);
  const service = await startService(t, { now, desk: { quota: { requests: 3, per: '10s' } } });
  pass(7 * SECOND);
  assert.deepEqual(limitOf(await ask(service, CUSTOMER)), [2, 10]);
  pass(4_001);
  assert.deepEqual(limitOf(await ask(service, CUSTOMER)), [1, 6]);
  assert.deepEqual(limitOf(await ask(service, CUSTOMER)), [0, 6]);
  for (const [passedMs, seconds] of [
    [0, 6],
    [0, 6],
    [2_000, 4],
    [3_998, 1],
  ] as const) {
    pass(passedMs);
    const reply = await ask(service, CUSTOMER);
    assertProblem(reply, 'quota-exceeded');
    assert.deepEqual(problemIn(reply)['violated-policies'], ['app']);
    assert.equal(reply.headers.get('retry-after'), String(seconds));
    assert.deepEqual(limitOf(reply), [0, seconds]);
    assert.equal(reply.headers.get('ratelimit-policy'), '"app";q=3;w=10');
  }
  pass(1);
  assert.deepEqual(limitOf(await ask(service, CUSTOMER)), [2, 10]);
});

test('a long window says 600 seconds at most to wait', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 1, per: '2h' } } });
  const first = await ask(service, CUSTOMER);
  assert.equal(first.headers.get('ratelimit-policy'), '"app";q=1;w=7200');
  const refused = await ask(service, CUSTOMER);
  assertProblem(refused, 'quota-exceeded');
  assert.equal(refused.headers.get('retry-after'), '600');
});

test('apps do not share', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 1, per: '1m' } } });
  const other = { Authorization: `Bearer ${service.keys.other}` };
  assert.equal((await ask(service, CUSTOMER)).status, 200);
  assert.equal((await ask(service, CUSTOMER)).status, 429);
  const reply = await ask(service, CUSTOMER, other);
  assert.equal(reply.status, 200);
  assert.deepEqual(limitOf(reply)[0], 9_999);
});

test('both headers of one app count together', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 2, per: '1m' } } });
  assert.equal((await ask(service, CUSTOMER)).status, 200);
  const asked = () =>
    sendRaw(service.url, ['GET', CUSTOMER], { headers: { 'X-App-Key': service.keys.desk } });
  assert.equal((await asked()).status, 200);
  assert.equal((await asked()).status, 429);
});

test('requests at once are counted one by one', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 5, per: '1m' } } });
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask(service, CUSTOMER)));
  assert.equal(replies.filter(({ status }) => status === 200).length, 5);
  assert.equal(replies.filter(({ status }) => status === 429).length, 15);
});

test('summaries cost one for each 50 ids', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 100, per: '1m' } } });
  let left = 100;
  for (const [count, cost] of [
    [1, 1],
    [50, 1],
    [51, 2],
    [100, 2],
    [101, 3],
    [200, 4],
  ] as const) {
    const reply = await ask(service, summariesPath(count));
    left -= cost;
    assert.equal(reply.status, 200);
    assert.equal(limitOf(reply)[0], left, String(count));
  }
  // Each id once: what is repeated costs nothing.
  const repeated = `/v1/summaries?tenant=acme${'&interactionId=a'.repeat(200)}`;
  assert.equal(limitOf(await ask(service, repeated))[0], left - 1);
});

test('summaries that do not fit are refused whole', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 4, per: '1m' } } });
  const { sandbox } = service;
  assert.equal((await ask(service, CUSTOMER)).status, 200);
  const calls = sandbox.calls.received;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const refused = await ask(service, summariesPath(200));
    assertProblem(refused, 'quota-exceeded');
    assert.deepEqual(problemIn(refused)['violated-policies'], ['app']);
    assert.deepEqual(limitOf(refused)[0], 3);
  }
  assert.equal(sandbox.calls.received, calls);
  const fitting = await ask(service, summariesPath(150));
  assert.equal(fitting.status, 200);
  assert.deepEqual(limitOf(fitting)[0], 0);
  assert.equal((await ask(service, summariesPath(1))).status, 429);
});

test('summaries that could never fit are a fault of the request', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 3, per: '1m' } } });
  const reply = await ask(service, summariesPath(151));
  assert.deepEqual(faultsIn(reply), ['interactionId cost-above-quota']);
  // As any 4xx it counts, as one.
  assert.deepEqual(limitOf(reply)[0], 2);
  const headers = {
    Authorization: `Bearer ${service.keys.desk}`,
    'Content-Type': 'application/json',
  };
  const interactionIds = Array.from({ length: 200 }, (_, index) => `none-${index}`);
  const body = JSON.stringify({ tenant: 'acme', interactionIds });
  const posted = await sendRaw(service.url, ['POST', '/v1/summaries'], { headers, body });
  assert.deepEqual(faultsIn(posted), ['interactionIds cost-above-quota']);
});
