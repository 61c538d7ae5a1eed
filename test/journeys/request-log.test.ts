// Each request is one log line, with the id that its reply has, whatever becomes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { connectRaw, requestBytes, sendBytes, sendRaw } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;

type Line = Readonly<Record<string, unknown>>;

function requestLines({ logs }: Service): readonly Line[] {
  const lines = logs().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line).filter(({ event }) => event === 'request');
}

test('a log line says who asked what of which tenant, how, and what came of it', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const known = { app: 'desk', tenant: 'acme', strategy: 'contact' };
  const nobody = { app: null, tenant: null, strategy: null };
  const route = '/v1/customer';
  const rows: readonly (readonly [readonly [string, string], object, Line])[] = [
    [['GET', ADA], { headers }, { ...known, route, status: 200, outcome: 'miss' }],
    [['HEAD', ADA], { headers }, { ...known, route, status: 200, outcome: 'hit' }],
    [
      ['GET', ADA],
      { headers: { ...headers, 'If-None-Match': '*' } },
      { ...known, route, status: 304, outcome: 'hit' },
    ],
    [
      ['GET', ADA],
      { headers: { ...headers, 'Cache-Control': 'no-cache' } },
      { ...known, route, status: 200, outcome: 'refresh' },
    ],
    [
      ['GET', ADA],
      {},
      { ...nobody, route, status: 401, outcome: 'unauthenticated', reason: 'no-credential' },
    ],
    [
      ['GET', ADA],
      { headers: { 'X-App-Key': 'wrong' } },
      { ...nobody, route, status: 401, outcome: 'unauthenticated', reason: 'wrong-credential' },
    ],
    [
      ['GET', ADA],
      { headers: { ...headers, 'X-App-Key': 'two' } },
      { ...nobody, route, status: 401, outcome: 'unauthenticated', reason: 'several-credentials' },
    ],
    [
      ['GET', `${ADA}&email=x`],
      { headers },
      { ...known, strategy: null, route, status: 400, outcome: 'invalid-request' },
    ],
    [
      ['GET', `${route}?tenant=nobody`],
      { headers },
      { ...nobody, app: 'desk', route, status: 403, outcome: 'forbidden' },
    ],
    [['PUT', ADA], {}, { ...nobody, route, status: 405, outcome: 'method-not-allowed' }],
    [['GET', '/private'], {}, { ...nobody, route: null, status: 404, outcome: 'not-found' }],
    [['GET', '/%zz'], {}, { ...nobody, route: null, status: 400, outcome: 'malformed-request' }],
    [['GET', '/livez'], {}, { ...nobody, route: '/livez', status: 200, outcome: 'ok' }],
  ];
  for (const [index, [target, request, expected]] of rows.entries()) {
    const reply = await sendRaw(service.url, target, request);
    await service.events.nth('request', index + 1);
    const { level, time, pid, hostname, durationMs, ...line } = requestLines(service).at(-1) ?? {};
    assert.deepEqual(line, {
      event: 'request',
      msg: 'request',
      requestId: reply.headers.get('x-request-id'),
      method: target[0],
      reason: null,
      ...expected,
    });
    assert.ok(typeof durationMs === 'number' && durationMs >= 0);
  }
  assert.equal(requestLines(service).length, rows.length);
  assert.ok(!service.logs().includes(CUSTOMERS.ada.contactId));
});

test('what the parser refuses is a log line too', async (t) => {
  const service = await startService(t);
  const reply = await sendBytes(service.url, 'garbage\r\n\r\n');
  await service.events.nth('request', 1);
  const [line, ...others] = requestLines(service);
  assert.equal(others.length, 0);
  assert.equal(line?.requestId, reply?.headers.get('x-request-id'));
  assert.deepEqual([line?.status, line?.outcome], [400, 'malformed-request']);
});

test('a connection on which nothing was sent is no request', async (t) => {
  const service = await startService(t);
  const connection = await connectRaw(service.url);
  connection.finish();
  await connection.ended;
  connection.leave();
  await sendRaw(service.url, ['GET', '/livez']);
  await service.events.nth('request', 1);
  assert.deepEqual(
    requestLines(service).map(({ route }) => route),
    ['/livez'],
  );
});

test('a caller who leaves is one log line, and does not end what others may share', async (t) => {
  const service = await startService(t);
  const { events, sandbox } = service;
  sandbox.faults.set({ kind: 'slow', delayMs: 400 });
  const call = sandbox.calls.next();
  const connection = await connectRaw(service.url);
  const headers = { Authorization: `Bearer ${service.keys.desk}`, 'X-Request-Id': 'left' };
  connection.write(requestBytes('GET', ADA, { headers }));
  const { outcome } = await call;
  connection.leave();
  const { requestId, outcome: ended } = await events.nth('request', 1);
  assert.deepEqual([requestId, ended], ['left', 'aborted']);
  assert.equal(await outcome, 'replied');
  await events.nth('upstream-call', 1);

  // What came for the one who left is there for the next.
  const next = await service.ask(ADA);
  assert.match(next.headers.get('cache-status') ?? '', /; hit;/);
  await events.nth('request', 2);
  assert.equal(requestLines(service).length, 2);
});

test('a caller who leaves while sending is one log line', async (t) => {
  const service = await startService(t);
  const connection = await connectRaw(service.url);
  const received = new Promise((resolve) => service.app.api.server.once('request', resolve));
  connection.write(
    requestBytes('POST', '/v1/customer', {
      headers: {
        Authorization: `Bearer ${service.keys.desk}`,
        'Content-Type': 'application/json',
        'Content-Length': '100',
      },
      body: '{',
    }),
  );
  await received;
  connection.leave();
  await service.events.nth('request', 1);
  await sendRaw(service.url, ['GET', '/livez']);
  await service.events.nth('request', 2);
  const lines = requestLines(service);
  assert.equal(lines.length, 2);
  assert.notEqual(lines[0]?.outcome, 'ok');
  assert.doesNotMatch(service.logs(), /internal-error/);
});
