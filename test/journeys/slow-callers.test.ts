// Callers who send slowly, or read nothing: each is cut off, told why where that can be, and disturbs nobody else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { largePopulation } from '../support/large-population.ts';
import {
  assertProblem,
  connectRaw,
  type RawConnection,
  type RawReply,
  requestBytes,
} from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const HASTY = { headMs: 100, requestMs: 200, readMs: 400, checkMs: 20 };
/** Node takes no longer time for a head than for the whole, which would be over first where this is slow to read it. */
const BODY_ONLY = { ...HASTY, headMs: 600, requestMs: 600 };
const DRIP_MS = 5;
const HOST = 'Host: service.test\r\n';
const BUSY = '/v1/customer?tenant=acme&contactId=contact-busby';

const UNKNOWN = '/v1/customer?tenant=acme&contactId=contact-1';

const authorizationOf = ({ keys }: Service) => `Authorization: Bearer ${keys.desk}\r\n`;

/** A request whose body does not end. */
const endless = (service: Service, length: string) =>
  `POST /v1/customer HTTP/1.1\r\n${HOST}${authorizationOf(service)}Content-Type: application/json\r\n${length}\r\n\r\n`;

interface SlowRow {
  /** What is sent at once. */
  readonly first: (service: Service) => string;
  /** What is sent then, again and again. */
  readonly more?: string;
  readonly route: string | null;
}

const SLOW: Readonly<Record<string, SlowRow>> = {
  'nothing at all': { first: () => '', route: null },
  'half a head': { first: () => `GET /livez HTTP/1.1\r\n${HOST}`, route: null },
  'a head, byte by byte': { first: () => 'GET /livez HTTP/1.1\r\nA: ', more: 'a', route: null },
  'half a body': {
    first: (service) => `${endless(service, 'Content-Length: 99')}{`,
    route: '/v1/customer',
  },
  'a body, byte by byte': {
    first: (service) => endless(service, 'Content-Length: 60000'),
    more: ' ',
    route: '/v1/customer',
  },
  'a body, chunk by chunk': {
    first: (service) => endless(service, 'Transfer-Encoding: chunked'),
    more: '1\r\n \r\n',
    route: '/v1/customer',
  },
};

for (const [label, { first, more, route }] of Object.entries(SLOW)) {
  test(`who sends ${label} is told that it took too long`, async (t) => {
    const callerTimeouts = route === null ? HASTY : BODY_ONLY;
    const service = await startService(t, { callerTimeouts });
    const connection = await connectRaw(service.url);
    connection.write(first(service));
    const dripping = drip(t, connection, more);
    assert.equal((await service.ask(BUSY)).status, 200);
    const reply = await connection.reply();
    clearInterval(dripping);
    assert.ok(reply);
    assertProblem(reply, 'request-timeout');
    assert.equal(reply.headers.get('connection'), 'close');
    await connection.ended;
    assert.deepEqual(await slowLines(service), [
      { route, status: 408, outcome: 'request-timeout', reason: null },
    ]);
  });
}

test('who sends half of a second request is told, too', async (t) => {
  const service = await startService(t, { callerTimeouts: HASTY });
  const connection = await connectRaw(service.url);
  connection.write(requestBytes('GET', '/livez'));
  assert.equal((await connection.reply())?.status, 200);
  connection.write('GET /livez HTTP/1.1\r\n');
  const reply = await connection.reply();
  assert.ok(reply);
  assertProblem(reply, 'request-timeout');
  await connection.ended;
});

test('who has a reply, and does not end the request, is cut off without another one', async (t) => {
  const service = await startService(t, { callerTimeouts: HASTY });
  const connection = await connectRaw(service.url);
  connection.write(requestBytes('GET', '/livez', { headers: { 'content-length': '99' } }));
  assert.equal((await connection.reply())?.status, 200);
  const dripping = drip(t, connection, 'x');
  assert.equal(await connection.reply(), undefined);
  clearInterval(dripping);
  await service.ask('/livez');
  await service.events.nth('request', 2);
  assert.deepEqual(
    service.events.of('request').map(({ status }) => status),
    [200, 200],
  );
});

function drip(t: TestContext, connection: RawConnection, bytes = ''): NodeJS.Timeout {
  const timer = setInterval(() => connection.write(bytes), DRIP_MS);
  t.after(() => clearInterval(timer));
  return timer;
}

/** What the log says, but for what went well. */
async function slowLines(service: Service) {
  await service.ask('/livez');
  await service.events.nth('request', 3);
  return service.events
    .of('request')
    .filter(({ outcome }) => outcome !== 'ok' && outcome !== 'miss')
    .map(({ route, status, outcome, reason }) => ({ route, status, outcome, reason }));
}

const MIB = 1024 * 1024;
/** Far more than the system's buffers hold. */
const UNREAD = 800;
const ANSWER_BYTES = 250_000;

/** A service whose answers are large. */
async function startLarge(t: TestContext, readMs: number) {
  const population = largePopulation(Date.now(), ANSWER_BYTES / 50);
  const service = await startService(t, {
    sandbox: { population },
    callerTimeouts: { ...HASTY, readMs },
  });
  const text = await (await service.ask(BUSY)).text();
  assert.ok(text.length > ANSWER_BYTES);
  service.events.clear();
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  return { ...service, hot: requestBytes('GET', BUSY, { headers }), headers };
}

/** A connection, and the service's side of it. */
async function connectBoth({ app, url }: Service) {
  const accepted = once(app.api.server, 'connection');
  const connection = await connectRaw(url);
  const [socket] = (await accepted) as [Socket];
  return { connection, closed: once(socket, 'close') };
}

test('who reads nothing is cut off, and costs no memory meanwhile', async (t) => {
  const service = await startLarge(t, 400);
  const idle = await connectRaw(service.url);
  idle.write(requestBytes('GET', '/livez'));
  assert.equal((await idle.reply())?.status, 200);

  const before = process.memoryUsage.rss();
  let most = before;
  let isOver = false;
  const { connection, closed } = await connectBoth(service);
  void closed.then(() => {
    isOver = true;
  });
  connection.pause();
  connection.write(Buffer.concat(Array<Buffer>(UNREAD).fill(service.hot)));
  while (!isOver) {
    assert.equal((await service.ask(UNKNOWN)).status, 200);
    most = Math.max(most, process.memoryUsage.rss());
  }
  const growth = most - before;
  assert.ok(growth < (UNREAD * ANSWER_BYTES) / 2, `grown by ${Math.round(growth / MIB)} MiB`);
  connection.leave();

  const lines = service.events.of('request').filter(({ outcome }) => outcome === 'aborted');
  assert.ok(lines.length > 0);
  // One of them says why; those behind it are given up with it.
  assert.deepEqual(
    lines.flatMap(({ reason }) => reason ?? []),
    ['not-read'],
  );
  // Who has just nothing to ask is left alone for longer.
  idle.write(requestBytes('GET', '/livez'));
  assert.equal((await idle.reply())?.status, 200);
  idle.leave();
});

test('who waits for 8x8 is not cut off, unless the reply is then not read', async (t) => {
  const service = await startLarge(t, 200);
  service.sandbox.faults.set({ kind: 'slow', delayMs: 1_000 });
  const [reading, unreading] = [await connectBoth(service), await connectBoth(service)];
  const slow = (contact: string) =>
    requestBytes('GET', `/v1/customer?tenant=acme&contactId=${contact}`, service);
  reading.connection.write(slow('contact-1'));
  unreading.connection.pause();
  unreading.connection.write(slow('contact-2'));
  unreading.connection.write(Buffer.concat(Array<Buffer>(UNREAD).fill(service.hot)));
  assert.equal((await reading.connection.reply())?.status, 200);
  reading.connection.leave();
  await unreading.closed;
  unreading.connection.leave();
  const reasons = service.events.of('request').flatMap(({ reason }) => reason ?? []);
  assert.deepEqual(reasons, ['not-read']);
});

test('who reads slowly is given all of it', async (t) => {
  const service = await startLarge(t, 1_000);
  const connection = await connectRaw(service.url);
  connection.pause();
  connection.write(Buffer.concat(Array<Buffer>(100).fill(service.hot)));
  const reading = setInterval(() => {
    connection.resume();
    setImmediate(() => connection.pause());
  }, 20);
  t.after(() => clearInterval(reading));
  const replies: (RawReply | undefined)[] = [];
  while (replies.length < 100) replies.push(await connection.reply());
  assert.ok(replies.every((reply) => reply?.status === 200));
  connection.leave();
});
