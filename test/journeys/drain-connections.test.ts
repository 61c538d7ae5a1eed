// Connections at the end of a process: what was read on them is answered in full, and no other thing is waited for.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createGate } from '../support/gate.ts';
import { largePopulation } from '../support/large-population.ts';
import {
  assertProblem,
  connectRaw,
  type RawConnection,
  type RawReply,
  requestBytes,
} from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
const BUSY = '/v1/customer?tenant=acme&contactId=contact-busby';
const LIVE = requestBytes('GET', '/livez');
const LONG_MS = 60_000;

const bytesOf = ({ keys }: Service, path: string) =>
  requestBytes('GET', path, { headers: { Authorization: `Bearer ${keys.desk}` } });

/** A service whose calls to 8x8 wait at a gate. */
async function startGated(t: TestContext) {
  const sandbox = await createSandbox();
  t.after(() => sandbox.close());
  const gate = await createGate(t, sandbox);
  const sections = {
    regions: gate.baseUrls,
    upstream: { deadline: '1m', attemptTimeout: '1m' },
  };
  return { gate, service: await startService(t, { shared: sandbox, sections }) };
}

/** Resolves when so many requests have been read from now on. */
function requestsRead({ app }: Service, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let read = 0;
  app.api.server.on('request', () => {
    read += 1;
    if (read === count) resolve();
  });
  return promise;
}

async function repliesOf(connection: RawConnection, count: number): Promise<RawReply[]> {
  const replies: RawReply[] = [];
  while (replies.length < count) {
    const reply = await connection.reply();
    assert.ok(reply, `only ${replies.length} replies`);
    replies.push(reply);
  }
  return replies;
}

const statuses = (replies: readonly RawReply[]) => replies.map(({ status }) => status);
const closes = (replies: readonly RawReply[]) =>
  replies.map(({ headers }) => headers.get('connection') === 'close');

for (const [label, delayMs] of [
  ['when the port closes', 0],
  ['during the delay', 1_500],
] as const) {
  test(`requests sent ahead, one behind the other, are all answered ${label}`, async (t) => {
    const { gate, service } = await startGated(t);
    const connection = await connectRaw(service.url);
    const read = requestsRead(service, 4);
    connection.write(bytesOf(service, ADA));
    connection.write(LIVE);
    connection.write(bytesOf(service, ADA));
    connection.write(LIVE);
    await Promise.all([gate.nth(1), read]);
    const drained = service.app.drain({ delayMs, graceMs: LONG_MS });
    if (delayMs === 0) while (service.app.api.server.listening) await turn();
    gate.open();
    const replies = await repliesOf(connection, 4);
    assert.deepEqual(statuses(replies), [200, 200, 200, 200]);
    await connection.ended;
    connection.leave();
    await drained;
  });
}

test('of requests that come together during the delay only the last is told that the connection ends', async (t) => {
  const service = await startService(t);
  const connection = await connectRaw(service.url);
  const drained = service.app.drain({ delayMs: 1_500, graceMs: LONG_MS });
  const unknown = requestBytes('GET', '/nowhere');
  connection.write(Buffer.concat([LIVE, unknown, bytesOf(service, ADA), LIVE]));
  const replies = await repliesOf(connection, 4);
  assert.deepEqual(statuses(replies), [200, 404, 200, 200]);
  assert.deepEqual(closes(replies), [false, false, false, true]);
  assert.equal(await connection.reply(), undefined);
  connection.leave();
  await drained;
});

test('requests that come together after the port has closed are all refused', async (t) => {
  const { gate, service } = await startGated(t);
  const connection = await connectRaw(service.url);
  connection.write(bytesOf(service, ADA));
  await gate.nth(1);
  const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  while (service.app.api.server.listening) await turn();
  const read = requestsRead(service, 2);
  connection.write(Buffer.concat([bytesOf(service, ADA), bytesOf(service, ADA)]));
  await read;
  gate.open();
  const replies = await repliesOf(connection, 3);
  assert.deepEqual(statuses(replies), [200, 503, 503]);
  await connection.ended;
  connection.leave();
  await drained;
});

test('replies that are still being sent when the port closes are sent to their end', async (t) => {
  const service = await startService(t, {
    sandbox: { population: largePopulation(Date.now(), 100_000) },
  });
  const whole = Buffer.from(await (await service.ask(BUSY)).arrayBuffer());
  const connection = await connectRaw(service.url);
  connection.pause();
  const read = requestsRead(service, 3);
  for (let at = 0; at < 3; at += 1) connection.write(bytesOf(service, BUSY));
  await read;
  // A reply to a request that came later: theirs are made by then.
  await (await service.ask(BUSY)).arrayBuffer();
  const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  while (service.app.api.server.listening) await turn();
  connection.resume();
  for (const { body } of await repliesOf(connection, 3)) assert.ok(body.equals(whole));
  await connection.ended;
  connection.leave();
  await drained;
});

const BEGUN: Readonly<Record<string, string>> = {
  'one letter': 'G',
  'blank lines': '\r\n\r\n',
  'half a head': 'GET /livez HTTP/1.1\r\nHost: service.test\r\n',
};

for (const [label, begun] of Object.entries(BEGUN)) {
  for (const isKept of [false, true]) {
    const place = isKept ? 'behind a reply' : 'on a new connection';
    test(`${label} ${place} do not hold up the end for long`, async (t) => {
      const service = await startService(t);
      const accepted = once(service.app.api.server, 'connection');
      const connection = await connectRaw(service.url);
      const [socket] = (await accepted) as [Socket];
      if (isKept) {
        connection.write(LIVE);
        assert.equal((await connection.reply())?.status, 200);
      }
      const before = socket.bytesRead;
      connection.write(begun);
      while (socket.bytesRead < before + begun.length) await turn();
      const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
      const reply = await connection.reply();
      assert.ok(reply);
      assertProblem(reply, 'request-timeout');
      assert.equal(reply.headers.get('connection'), 'close');
      await connection.ended;
      connection.leave();
      await drained;
    });
  }
}

test('who goes on sending a head that does not end is not waited for', async (t) => {
  const service = await startService(t);
  const connection = await connectRaw(service.url);
  connection.write('GET /livez HTTP/1.1\r\nA: ');
  const dripping = setInterval(() => connection.write('a'), 20);
  t.after(() => clearInterval(dripping));
  await service.ask('/livez');
  const drained = service.app.drain({ delayMs: 0, graceMs: LONG_MS });
  const reply = await connection.reply();
  assert.ok(reply);
  assertProblem(reply, 'request-timeout');
  clearInterval(dripping);
  connection.leave();
  await drained;
});

test('a request that has arrived on a kept connection when the port closes is read and answered', async (t) => {
  const service = await startService(t);
  const accepted = once(service.app.api.server, 'connection');
  const connection = await connectRaw(service.url);
  const [socket] = (await accepted) as [Socket];
  connection.write(LIVE);
  assert.equal((await connection.reply())?.status, 200);
  const before = socket.bytesRead;
  connection.write(bytesOf(service, ADA));
  const closed = service.app.api.close();
  assert.equal(socket.bytesRead, before);
  const reply = await connection.reply();
  assert.equal(reply?.status, 200);
  assert.equal(reply?.headers.get('connection'), 'close');
  connection.leave();
  await closed;
});
