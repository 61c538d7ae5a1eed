// The last reply on a connection is not lost, whatever its caller still sends before reading it; nor does that cost much.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { connectRaw, problemIn, type RawConnection, requestBytes } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const CLOSE = { Connection: 'close' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const GOOD = '/v1/customer?tenant=acme&email=a@b.example';
const LARGE = { ...JSON_TYPE, 'Content-Length': '99999' };
const SHORT = { 'Content-Length': '77' };
const MIB = 1024 * 1024;

interface Row {
  /** What is sent before the reply. */
  readonly head: string | Buffer;
  readonly status: number;
}

/** Heads that are answered at once, each on a connection that then ends, and the status of the reply. */
function rowsOf({ keys }: Service): Readonly<Record<string, Row>> {
  const other = { 'X-App-Key': keys.other };
  const post = (headers: Readonly<Record<string, string>>, path = '/v1/customer') =>
    requestBytes('POST', path, { headers });
  const chunked = post({ ...other, ...JSON_TYPE, 'Transfer-Encoding': 'chunked' });
  return {
    'a type that is none': {
      head: post({ ...other, ...SHORT, ...CLOSE, 'Content-Type': 'json' }, '/v1/summaries'),
      status: 415,
    },
    'no credential': { head: post({ ...JSON_TYPE, ...SHORT, ...CLOSE }), status: 401 },
    'a quota that is used up': {
      head: post({ 'X-App-Key': keys.desk, ...JSON_TYPE, ...SHORT, ...CLOSE }),
      status: 429,
    },
    'a path that is none': { head: post({ ...SHORT, ...CLOSE }, '/nowhere'), status: 404 },
    'a method that is none': {
      head: requestBytes('PUT', '/v1/customer', { headers: { ...SHORT, ...CLOSE } }),
      status: 405,
    },
    'a path that cannot be read': { head: post({ ...SHORT, ...CLOSE }, '/%zz'), status: 400 },
    'a body that is too large': { head: post({ ...other, ...LARGE }), status: 413 },
    'the same, and the last one': { head: post({ ...other, ...LARGE, ...CLOSE }), status: 413 },
    'the same in chunks': {
      head: Buffer.concat([chunked, Buffer.from(`20000\r\n${'x'.repeat(70_000)}`)]),
      status: 413,
    },
    'a chunk that is none': { head: Buffer.concat([chunked, Buffer.from('x')]), status: 400 },
    'a body that is not JSON': {
      head: requestBytes('POST', '/v1/customer', {
        headers: { ...other, ...JSON_TYPE },
        body: '?',
      }),
      status: 400,
    },
    'the unread body of a good request': {
      head: requestBytes('GET', GOOD, { headers: { ...other, ...SHORT, ...CLOSE } }),
      status: 200,
    },
    'the last one': { head: requestBytes('GET', '/livez', { headers: CLOSE }), status: 200 },
    'HTTP before 1.1': { head: 'GET /livez HTTP/1.0\r\n\r\n', status: 200 },
    'the last one, and garbage': {
      head: Buffer.concat([
        requestBytes('GET', GOOD, { headers: { ...other, ...CLOSE } }),
        Buffer.from('garbage\r\n\r\n'),
      ]),
      status: 200,
    },
    garbage: { head: 'garbage\r\n\r\n', status: 400 },
    'a head that is too large': { head: `GET / HTTP/1.1\r\nA: ${'a'.repeat(20_000)}`, status: 431 },
    'a tunnel': { head: 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  };
}

/** A connection, and the service's side of it. */
async function connectBoth({ app, url }: Service) {
  const accepted = once(app.api.server, 'connection');
  const connection = await connectRaw(url);
  const [socket] = (await accepted) as [Socket];
  return { connection, socket };
}

/** Resolves when the service has sent the last that it will send. */
async function untilEnded(socket: Socket): Promise<void> {
  while (!socket.writableFinished) await turn();
}

/** Sends piece after piece, so that the system can tell about one before the next. */
async function sendInPieces(connection: RawConnection, bytes: Buffer): Promise<void> {
  const size = Math.ceil(bytes.length / 8);
  for (let at = 0; at < bytes.length; at += size) {
    connection.write(bytes.subarray(at, at + size));
    await turn();
  }
}

test('a reply is there for those who send all the rest before they read it', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 1, per: '1m' } } });
  assert.equal((await service.ask(GOOD)).status, 200);
  for (const [label, { head, status }] of Object.entries(rowsOf(service))) {
    service.events.clear();
    const { connection, socket } = await connectBoth(service);
    connection.pause();
    connection.write(head);
    await untilEnded(socket);
    await sendInPieces(connection, Buffer.alloc(100_000, 'x'));
    connection.finish();
    connection.resume();
    const reply = await connection.reply();
    assert.equal(reply?.status, status, label);
    assert.equal(reply.headers.get('connection'), 'close', label);
    if (status >= 400) problemIn(reply);
    assert.equal(await connection.reply(), undefined, label);
    connection.leave();
    await service.ask('/livez');
    await service.events.nth('request', 2);
    assert.equal(service.events.of('request').length, 2, label);
  }
});

test('so it is for who comes when the service ends', async (t) => {
  const service = await startService(t);
  const { connection, socket } = await connectBoth(service);
  connection.pause();
  const bytes = requestBytes('POST', '/v1/customer', { headers: { ...JSON_TYPE, ...SHORT } });
  // Begun, so that the connection is not idle when the port closes.
  connection.write(bytes.subarray(0, 20));
  while (socket.bytesRead === 0) await turn();
  await service.ask('/livez');
  const drained = service.app.drain({ delayMs: 0, graceMs: 60_000 });
  while (service.app.api.server.listening) await turn();
  connection.write(bytes.subarray(20));
  await untilEnded(socket);
  await sendInPieces(connection, Buffer.alloc(77, 'x'));
  connection.finish();
  connection.resume();
  assert.equal((await connection.reply())?.status, 503);
  await drained;
});

test('the time that a request may take does not end it sooner', async (t) => {
  const service = await startService(t, {
    callerTimeouts: { headMs: 50, requestMs: 100, checkMs: 10 },
  });
  const { connection, socket } = await connectBoth(service);
  connection.pause();
  const late = once(service.app.api.server, 'clientError');
  connection.write(requestBytes('POST', '/nowhere', { headers: { ...SHORT, ...CLOSE } }));
  await late;
  assert.ok(socket.writableFinished);
  await sendInPieces(connection, Buffer.alloc(77, 'x'));
  connection.finish();
  connection.resume();
  assert.equal((await connection.reply())?.status, 404);
  connection.leave();
});

test('what follows the last reply is not taken for requests', async (t) => {
  const service = await startService(t);
  const { connection, socket } = await connectBoth(service);
  const closed = once(socket, 'close');
  const headers = { 'X-App-Key': service.keys.desk, ...JSON_TYPE };
  connection.write(requestBytes('POST', '/v1/customer', { headers, body: '?' }));
  await untilEnded(socket);
  const good = requestBytes('GET', GOOD, { headers });
  await sendInPieces(connection, Buffer.concat(Array<Buffer>(50).fill(good)));
  connection.finish();
  assert.equal((await connection.reply())?.status, 400);
  assert.equal(await connection.reply(), undefined);
  await closed;
  assert.equal(service.sandbox.calls.received, 0);
  assert.equal(service.events.of('request').length, 1);
});

const STAYING = {
  'sends nothing': { more: '', timeouts: { quietMs: 100 } },
  'sends little by little': { more: 'x', timeouts: { lingerMs: 300 } },
};

for (const [label, { more, timeouts }] of Object.entries(STAYING)) {
  test(`who stays and ${label} is cut off`, { timeout: 10_000 }, async (t) => {
    const service = await startService(t, { callerTimeouts: timeouts });
    const { connection, socket } = await connectBoth(service);
    const closed = once(socket, 'close');
    connection.write(requestBytes('POST', '/nowhere', { headers: { ...LARGE, ...CLOSE } }));
    const dripping = setInterval(() => connection.write(more), 20);
    t.after(() => clearInterval(dripping));
    assert.equal((await connection.reply())?.status, 404);
    await connection.ended;
    await closed;
    clearInterval(dripping);
    connection.leave();
  });
}

test('who sends without end is cut off sooner', async (t) => {
  const service = await startService(t);
  const { connection, socket } = await connectBoth(service);
  let isOver = false;
  const closed = once(socket, 'close').then(() => {
    isOver = true;
  });
  connection.write(requestBytes('POST', '/nowhere', { headers: { ...LARGE, ...CLOSE } }));
  await untilEnded(socket);
  const piece = Buffer.alloc(MIB / 4);
  while (!isOver) {
    connection.write(piece);
    await turn();
  }
  await closed;
  assert.ok(socket.bytesRead > MIB, `${socket.bytesRead} bytes`);
  assert.ok(socket.bytesRead < 2 * MIB, `${socket.bytesRead} bytes`);
  connection.leave();
});

test('who leaves is not waited for', async (t) => {
  const service = await startService(t);
  const COUNT = 20;
  const startedAt = performance.now();
  for (let count = 0; count < COUNT; count += 1) {
    const { connection, socket } = await connectBoth(service);
    const closed = once(socket, 'close');
    connection.write(requestBytes('GET', '/livez', { headers: CLOSE }));
    assert.equal((await connection.reply())?.status, 200);
    connection.finish();
    await closed;
  }
  // To wait for each would take two seconds.
  assert.ok(performance.now() - startedAt < COUNT * 1_000);
});
