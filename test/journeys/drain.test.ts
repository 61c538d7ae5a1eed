// The end of a process: told to balancers first, nothing under way is lost, and it does end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createGate } from '../support/gate.ts';
import { assertProblem, connectRaw, requestBytes, sendRaw } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
const LONG_MS = 60_000;

function adaBytes({ keys }: Service): Buffer {
  return requestBytes('GET', ADA, { headers: { Authorization: `Bearer ${keys.desk}` } });
}

/** Resolves when the callers' port takes no more connections. */
async function closing({ app }: Service): Promise<void> {
  while (app.api.server.listening) await turn();
}

test('during the delay the service is not ready, serves, and closes connections', async (t) => {
  const service = await startService(t);
  const { url, opsUrl, app } = service;
  const kept = await connectRaw(url);
  kept.write(requestBytes('GET', '/livez'));
  assert.equal((await kept.reply())?.headers.get('connection'), 'keep-alive');

  let isOver = false;
  const drained = app.drain({ delayMs: 1_000, graceMs: LONG_MS }).then(() => {
    isOver = true;
  });
  for (const origin of [url, opsUrl]) {
    const ready = await sendRaw(origin, ['GET', '/readyz']);
    assertProblem(ready, 'overloaded');
    assert.equal(ready.headers.get('retry-after'), '1');
    const alive = await sendRaw(origin, ['GET', '/livez']);
    assert.equal(alive.status, 200);
    assert.equal(alive.headers.get('connection'), 'close');
  }
  kept.write(adaBytes(service));
  const reply = await kept.reply();
  assert.equal(reply?.status, 200);
  assert.equal(reply?.headers.get('connection'), 'close');
  await kept.ended;
  assert.equal(isOver, false);
  await drained;
});

test('what is under way when the port closes is answered', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set({ kind: 'slow', delayMs: 400 });
  const call = service.sandbox.calls.next();
  const connection = await connectRaw(service.url);
  connection.write(adaBytes(service));
  await call;
  const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  await closing(service);
  const reply = await connection.reply();
  assert.equal(reply?.status, 200);
  assert.equal(reply?.headers.get('connection'), 'close');
  await connection.ended;
  await drained;
});

test('a request that comes on a kept connection after that is a 503', async (t) => {
  const service = await startService(t);
  const bytes = adaBytes(service);
  const connection = await connectRaw(service.url);
  // Begun, so that the connection is not idle when the port closes.
  connection.write(bytes.subarray(0, 20));
  await sendRaw(service.url, ['GET', '/livez']);
  const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  await closing(service);
  connection.write(bytes.subarray(20));
  const reply = await connection.reply();
  assert.ok(reply);
  assertProblem(reply, 'overloaded');
  assert.equal(reply.headers.get('retry-after'), '1');
  assert.equal(reply.headers.get('connection'), 'close');
  await drained;
  assert.equal(service.sandbox.calls.received, 0);
});

test('idle connections do not hold up the end, nor do refused ones', async (t) => {
  const service = await startService(t);
  const idle = await connectRaw(service.url);
  idle.write(requestBytes('GET', '/livez'));
  await idle.reply();
  const refused = await connectRaw(service.opsUrl);
  refused.write('garbage\r\n\r\n');
  assert.equal((await refused.reply())?.status, 400);
  await service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  await Promise.all([idle.ended, refused.ended]);
});

test('connections on which nothing was asked are cut at once, and what is under way is not', async (t) => {
  const sandbox = await createSandbox();
  t.after(() => sandbox.close());
  const gate = await createGate(t, sandbox);
  const service = await startService(t, {
    shared: sandbox,
    sections: { regions: gate.baseUrls },
  });
  const [silent, silentOps] = [await connectRaw(service.url), await connectRaw(service.opsUrl)];
  const connection = await connectRaw(service.url);
  connection.write(adaBytes(service));
  await gate.nth(1);
  const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  assert.equal(await silent.reply(), undefined);
  // The deadline of the other one would have passed, had the first been waited for.
  gate.open();
  assert.equal((await connection.reply())?.status, 200);
  await drained;
  assert.equal(await silentOps.reply(), undefined);
});

test('a request that has arrived when the port closes is read, though nothing of it was before', async (t) => {
  const service = await startService(t);
  const accepted = once(service.app.api.server, 'connection');
  const connection = await connectRaw(service.url);
  const [socket] = (await accepted) as [Socket];
  connection.write(adaBytes(service));
  const closed = service.app.api.close();
  assert.equal(socket.bytesRead, 0);
  assert.equal((await connection.reply())?.status, 200);
  await Promise.all([closed, connection.ended]);
});

test('after the grace what is still under way is cut', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('hang');
  const call = service.sandbox.calls.next();
  const connection = await connectRaw(service.url);
  connection.write(adaBytes(service));
  await call;
  const silent = await connectRaw(service.url);
  await service.app.drain({ delayMs: 0, graceMs: 100 });
  assert.equal(await connection.reply(), undefined);
  await silent.ended;
  const { outcome } = await service.events.nth('request', 1);
  assert.equal(outcome, 'aborted');
});

test('the ops port answers until the work of the other is done', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('hang');
  const call = service.sandbox.calls.next();
  const asked = service.ask(ADA);
  await call;
  const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  await closing(service);
  assertProblem(await sendRaw(service.opsUrl, ['GET', '/readyz']), 'overloaded');
  assert.equal((await sendRaw(service.opsUrl, ['GET', '/livez'])).status, 200);
  assert.equal((await sendRaw(service.opsUrl, ['GET', '/metrics'])).status, 200);
  // Now 8x8 hangs up, and the work is done.
  await service.sandbox.close();
  assert.equal((await asked).status, 503);
  await drained;
});
