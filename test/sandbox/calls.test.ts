// The record of calls: what it holds, how long, and how to wait for a call.
import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { after, test } from 'node:test';
import { type Call, createCalls } from '../../src/sandbox/calls.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { readTarget } from '../../src/sandbox/target.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';

const sandbox = await createSandbox();
after(() => sandbox.close());

test('a call is recorded as it came', async () => {
  const { tenantId } = TENANTS.acmeUk;
  const rest = `/v1/public/tenants/${tenantId}/interactions-insight?email=a%40b.example&x=1&x=+2`;
  const response = await fetch(sandbox.baseUrls.uk + rest, {
    headers: { 'x-api-key': KEYS.acme, 'X-Trace': 'abc' },
  });
  await response.text();
  const call = sandbox.calls.all.at(-1);
  assert.ok(call);
  assert.equal(call.method, 'GET');
  assert.equal(call.url, `/uk${rest}`);
  assert.equal(call.path, `/uk/v1/public/tenants/${tenantId}/interactions-insight`);
  assert.equal(call.region, 'uk');
  assert.equal(call.endpoint, 'interactions');
  assert.equal(call.tenantId, tenantId);
  assert.deepEqual(call.parameters, [
    ['email', 'a@b.example'],
    ['x', '1'],
    ['x', ' 2'],
  ]);
  assert.equal(call.headers['x-trace'], 'abc');
  assert.equal(call.headers['x-api-key'], KEYS.acme);
  assert.equal(call.status, 200);
  assert.equal(await call.outcome, 'replied');
});

test('what is no endpoint is recorded as other', async () => {
  await fetch(`http://127.0.0.1:${sandbox.port}/moved?a=b`, { method: 'POST', body: 'x' });
  const call = sandbox.calls.all.at(-1);
  assert.equal(call?.method, 'POST');
  assert.equal(call.endpoint, 'other');
  assert.equal(call.region, null);
  assert.equal(call.tenantId, null);
  assert.equal(call.status, 404);
});

test('a call can be awaited by number, before and after it comes', async () => {
  const { calls, baseUrls } = sandbox;
  calls.clear();
  assert.deepEqual(calls.all, []);
  assert.equal(calls.received, 0);
  const second = calls.nth(2);
  const next = calls.next();
  await fetch(`${baseUrls.us}/first`);
  await fetch(`${baseUrls.us}/second`);
  assert.equal((await next).path, '/us/first');
  assert.equal((await second).path, '/us/second');
  assert.equal((await calls.nth(1)).path, '/us/first');
  assert.equal(calls.received, 2);
});

test('only the newest calls are kept', async () => {
  const calls = createCalls(3);
  for (let n = 1; n <= 5; n += 1) {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    calls.record({ ...readTarget(`/us/${n}`), method: 'GET', headers: {} }, response);
  }
  assert.deepEqual(pathsOf(calls.all), ['/us/3', '/us/4', '/us/5']);
  assert.equal(calls.received, 5);
  assert.equal((await calls.nth(3)).path, '/us/3');
  await assert.rejects(calls.nth(2), RangeError);
  await assert.rejects(calls.nth(0), RangeError);
});

function pathsOf(calls: readonly Call[]): string[] {
  return calls.map(({ path }) => path);
}
