// The HTTP switch for faults.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FAULTS } from '../../src/sandbox/faults.ts';
import { createSandbox } from '../../src/sandbox/server.ts';

const sandbox = await createSandbox();
const { faults, calls } = sandbox;
const url = `http://127.0.0.1:${sandbox.port}/_faults`;
after(() => sandbox.close());

async function put(order: unknown): Promise<Response> {
  const body = typeof order === 'string' ? order : JSON.stringify(order);
  return fetch(url, { method: 'PUT', body });
}

test('GET lists what is on and what exists', async () => {
  faults.set({ kind: 'slow', delayMs: 5 }, { region: 'ap', times: 3 });
  const { on, faults: known } = JSON.parse(await (await fetch(url)).text());
  assert.deepEqual(on, [{ region: 'ap', fault: { kind: 'slow', delayMs: 5 }, times: 3 }]);
  assert.deepEqual(
    known.map(({ fault }: { fault: string }) => fault),
    Object.keys(FAULTS),
  );
  assert.deepEqual(known[0], {
    fault: 'throttled',
    about: '429 with Retry-After',
    retryAfterSeconds: 1,
  });
  faults.set(null);
});

test('PUT switches a fault on, DELETE all of them off', async () => {
  const response = await put({ fault: 'throttled', region: 'us', times: 2, retryAfterSeconds: 9 });
  const rule = { region: 'us', fault: { kind: 'throttled', retryAfterSeconds: 9 }, times: 2 };
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { on: [rule] });
  assert.equal((await fetch(`${sandbox.baseUrls.us}/v1`)).headers.get('retry-after'), '9');
  assert.equal((await fetch(`${sandbox.baseUrls.uk}/v1`)).status, 404);
  await put({ fault: 'unavailable', endpoint: 'other' });
  assert.equal((await fetch(`${sandbox.baseUrls.uk}/v1`)).status, 503);
  const off = await fetch(url, { method: 'DELETE' });
  assert.deepEqual(await off.json(), { on: [] });
  assert.deepEqual(faults.list(), []);
});

const refused: Record<string, unknown> = {
  'no JSON': '{',
  'no object': [],
  'no fault': { region: 'us' },
  'an unknown fault': { fault: 'meteor' },
  'a name of every object': { fault: 'constructor' },
  'an unknown region': { fault: 'reset', region: 'eu' },
  'an unknown endpoint': { fault: 'reset', endpoint: 'all' },
  'an unknown field': { fault: 'reset', delay: 5 },
  'no times at all': { fault: 'reset', times: 0 },
  'a text for a number': { fault: 'slow', delayMs: '5' },
  'a negative delay': { fault: 'slow', delayMs: -1 },
  'null for a number': { fault: 'slow', delayMs: null },
};

for (const [name, order] of Object.entries(refused)) {
  test(`PUT refuses ${name}`, async () => {
    const response = await put(order);
    assert.equal(response.status, 400);
    const { status, title, detail } = JSON.parse(await response.text());
    assert.deepEqual({ status, title }, { status: 400, title: 'Bad Request' });
    assert.ok(detail);
    assert.deepEqual(faults.list(), []);
  });
}

test('PUT refuses a body that is too long', async () => {
  const response = await put({ fault: 'reset', about: 'x'.repeat(20_000) });
  assert.equal(response.status, 413);
  assert.deepEqual(faults.list(), []);
});

test('other methods are refused, and the switch is no call of the API', async () => {
  const before = calls.received;
  const response = await fetch(url, { method: 'POST' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'GET, PUT, DELETE');
  assert.equal(calls.received, before);
});
