// /livez and /readyz on both ports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthSchema } from '../../src/edge/schemas.ts';
import { sendRaw } from '../support/raw-http.ts';
import { startService } from '../support/service.ts';

test('both ports tell that the process lives and is ready, without a credential', async (t) => {
  const { url, opsUrl } = await startService(t);
  for (const origin of [url, opsUrl]) {
    const alive = await sendRaw(origin, ['GET', '/livez']);
    const ready = await sendRaw(origin, ['GET', '/readyz']);
    assert.deepEqual([alive.status, ready.status], [200, 200]);
    assert.deepEqual(healthSchema.parse(JSON.parse(alive.body.toString())), { status: 'ok' });
    assert.deepEqual(healthSchema.parse(JSON.parse(ready.body.toString())), {
      status: 'ok',
      degraded: [],
    });
    for (const { headers } of [alive, ready]) {
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    }
  }
});

test('8x8 being down does not take the service out of rotation', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('reset');
  const reply = await service.ask('/v1/customer?tenant=acme&email=a@b.example');
  assert.equal(reply.status, 503);
  for (const origin of [service.url, service.opsUrl]) {
    assert.equal((await fetch(`${origin}/readyz`)).status, 200);
  }
});

test('a probe may ask for anything besides', async (t) => {
  const { url } = await startService(t);
  for (const path of ['/livez', '/readyz']) {
    assert.equal((await sendRaw(url, ['GET', `${path}?from=kubelet`])).status, 200);
    const headers = { Authorization: 'Bearer x', Accept: 'text/plain' };
    assert.equal((await sendRaw(url, ['GET', path], { headers })).status, 200);
  }
});

test('probes that succeed are logged for those who look closely only', async (t) => {
  const service = await startService(t, { env: { LOG_LEVEL: 'trace' } });
  for (const origin of [service.url, service.opsUrl]) await fetch(`${origin}/livez`);
  await service.events.nth('request', 2);
  const levels = service
    .logs()
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { level: number }).level);
  assert.ok(levels.every((level) => level === 20));
});
