// What goes wrong before any route is reached: broken HTTP, unknown paths and methods. Each is a problem and one log line.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { METHODS } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { ProblemSlug } from '../../src/domain/problem.ts';
import {
  assertProblem,
  connectRaw,
  problemIn,
  type RawReply,
  requestBytes,
  sendBytes,
  sendRaw,
} from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

/** Stands in what is sent, so that any trace of it is found. */
const MARK = 'qzvmark7';
const HOST = 'Host: service.test\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';

/** Sends bytes, expects a problem, and one event for it that says the same. */
async function assertRefused(
  service: Service,
  bytes: string,
  { slug, label }: { slug: ProblemSlug; label: string },
): Promise<RawReply> {
  service.events.clear();
  const reply = await sendBytes(service.url, bytes);
  assert.ok(reply, label);
  assertProblem(reply, slug, label);
  assert.ok(!reply.body.includes(MARK), label);
  const { requestId, status, outcome } = await service.events.nth('request', 1);
  assert.deepEqual(
    { requestId, status, outcome },
    { requestId: reply.headers.get('x-request-id'), status: reply.status, outcome: slug },
    label,
  );
  return reply;
}

test('a path with a broken escape is not repeated', async (t) => {
  const service = await startService(t);
  const paths = [
    `/v1/%zz?email=${MARK}`,
    `/${MARK}%`,
    '/problems/%E0%A4%A',
    `/%ff/${MARK}`,
    '/%c0%af',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'QUERY', 'DELETE']) {
      const bytes = requestBytes(method, path).toString('latin1');
      await assertRefused(service, bytes, { slug: 'malformed-request', label: path });
    }
  }
  assert.ok(!service.logs().includes(MARK));
});

test('what is not HTTP/1.1 is a 400, and the connection ends', async (t) => {
  const service = await startService(t);
  const authorization = `Authorization: Bearer ${service.keys.desk}\r\n`;
  const post = `POST /v1/customer HTTP/1.1\r\n${HOST}${authorization}${JSON_TYPE}`;
  const rows: Readonly<Record<string, string>> = {
    garbage: `${MARK}\r\n\r\n`,
    'binary garbage': `\0\x01\x02${MARK}\r\n\r\n`,
    'a TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'an unknown method': `${MARK} / HTTP/1.1\r\n${HOST}\r\n`,
    'a method in lower case': `get / HTTP/1.1\r\n${HOST}\r\n`,
    'a version that is none': `GET / HTTP/9.9\r\n${HOST}\r\n`,
    'a space in the path': `GET /${MARK} ${MARK} HTTP/1.1\r\n${HOST}\r\n`,
    'a control character in the path': `GET /${MARK}\x01 HTTP/1.1\r\n${HOST}\r\n`,
    'a header without a colon': `GET / HTTP/1.1\r\n${HOST}${MARK}\r\n\r\n`,
    'a space before a colon': `GET / HTTP/1.1\r\n${HOST}${MARK} : 1\r\n\r\n`,
    'a NUL in a header': `GET / HTTP/1.1\r\n${HOST}A: ${MARK}\0\r\n\r\n`,
    'a bare CR in a header': `GET / HTTP/1.1\r\n${HOST}A: ${MARK}\rB: 1\r\n\r\n`,
    'two lengths': `${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    'a list of lengths': `${post}Content-Length: 2, 3\r\n\r\n{}`,
    'a negative length': `${post}Content-Length: -2\r\n\r\n{}`,
    'a length in hex': `${post}Content-Length: 0x2\r\n\r\n{}`,
    'an endless length': `${post}Content-Length: ${'9'.repeat(40)}\r\n\r\n{}`,
    'a length and chunks': `${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'chunks and a length': `${post}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`,
    'chunks, disguised': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'chunks before another coding': `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
    'a chunk whose size is none': `${post}Transfer-Encoding: chunked\r\n\r\n${MARK}\r\n{}\r\n0\r\n\r\n`,
    'a chunk of negative size': `${post}Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`,
    'a chunk that is longer': `${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}${MARK}\r\n0\r\n\r\n`,
    'a tunnel': `CONNECT ${MARK}:443 HTTP/1.1\r\n${HOST}\r\n`,
  };
  for (const [label, bytes] of Object.entries(rows)) {
    const reply = await assertRefused(service, bytes, { slug: 'malformed-request', label });
    assert.equal(reply.headers.get('connection'), 'close', label);
  }
  assert.ok(!service.logs().includes(MARK));
  assert.equal((await fetch(`${service.url}/livez`)).status, 200);
});

test('a request names one host', async (t) => {
  const service = await startService(t);
  const slug = 'malformed-request';
  for (const path of ['/livez', '/v1/customer', `/${MARK}`]) {
    const start = `GET ${path} HTTP/1.1\r\n`;
    await assertRefused(service, `${start}\r\n`, { slug, label: 'none' });
    await assertRefused(service, `${start}${HOST}host: b\r\n\r\n`, { slug, label: 'two' });
  }
  const old = await sendBytes(service.url, 'GET /livez HTTP/1.0\r\n\r\n');
  assert.equal(old?.status, 200);
  assert.equal(old?.headers.get('connection'), 'close');
});

test('an address may be written out', async (t) => {
  const service = await startService(t);
  const path = 'http://service.test/v1/customer?tenant=acme&email=a@b.example';
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  assert.equal((await sendRaw(service.url, ['GET', path], { headers })).status, 200);
});

test('headers hold 16 KiB at most, the request line included', async (t) => {
  const service = await startService(t);
  const slug = 'headers-too-large';
  const fits = await sendRaw(service.url, ['GET', '/livez'], {
    headers: { A: 'a'.repeat(15_000) },
  });
  assert.equal(fits.status, 200);
  const many = Array.from({ length: 5_000 }, (_, index) => `a${index}: ${MARK}\r\n`).join('');
  const rows: Readonly<Record<string, string>> = {
    'one long': `GET /livez HTTP/1.1\r\n${HOST}A: ${MARK}${'a'.repeat(17_000)}\r\n\r\n`,
    'a long name': `GET /livez HTTP/1.1\r\n${HOST}${MARK}${'a'.repeat(17_000)}: 1\r\n\r\n`,
    many: `GET /livez HTTP/1.1\r\n${HOST}${many}\r\n`,
    'a long path': `GET /${MARK}${'a'.repeat(17_000)} HTTP/1.1\r\n${HOST}\r\n`,
    'a long query string': `GET /v1/customer?email=${MARK}${'a'.repeat(17_000)} HTTP/1.1\r\n${HOST}\r\n`,
    'far too much': `GET /livez HTTP/1.1\r\n${HOST}A: ${'a'.repeat(1_000_000)}\r\n\r\n`,
  };
  for (const [label, bytes] of Object.entries(rows)) {
    const reply = await assertRefused(service, bytes, { slug, label });
    assert.equal(reply.headers.get('connection'), 'close', label);
  }
  assert.ok(!service.logs().includes(MARK));
});

test('a body that breaks after its reply does not get another one', async (t) => {
  const service = await startService(t);
  const rows = [
    ['/v1/nowhere', 404],
    ['/%zz', 400],
  ] as const;
  for (const [path, status] of rows) {
    service.events.clear();
    const connection = await connectRaw(service.url);
    connection.write(
      `POST ${path} HTTP/1.1\r\n${HOST}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`,
    );
    assert.equal((await connection.reply())?.status, status);
    connection.write(`${MARK}\r\n`);
    assert.equal(await connection.reply(), undefined);
    await fetch(`${service.url}/livez`);
    await service.events.nth('request', 2);
    assert.deepEqual(
      service.events.of('request').map((event) => event.status),
      [status, 200],
    );
  }
});

test('a caller is told to go on between two replies, never within one', async (t) => {
  const service = await startService(t);
  const connection = await connectRaw(service.url);
  const go = { headers: { Expect: '100-continue' } };
  connection.write(requestBytes('GET', '/livez', go));
  connection.write(requestBytes('GET', `/${MARK}`, go));
  assert.equal((await connection.reply())?.status, 200);
  const reply = await connection.reply();
  assert.ok(reply);
  assertProblem(reply, 'not-found');
  // Whoever was not told to go on may leave the body out, so that nothing after it can be read.
  assert.equal(reply.headers.get('connection'), 'close');
  assert.equal(await connection.reply(), undefined);
});

test('a caller who waits is told to go on, also behind another request', async (t) => {
  const service = await startService(t);
  const headers = {
    Authorization: `Bearer ${service.keys.desk}`,
    'Content-Type': 'application/json',
    'Content-Length': '2',
    Expect: '100-continue',
  };
  const waiting = requestBytes('POST', '/v1/customer', { headers });
  for (const before of ['', requestBytes('GET', '/v1/customer').toString()]) {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1').setEncoding('latin1');
    const until = async (pattern: RegExp) => {
      for (let text = ''; !pattern.test(text); ) text += String(await once(socket, 'data'));
    };
    socket.write(before + waiting);
    await until(/(?:^|})HTTP\/1\.1 100 Continue\r\n\r\n$/);
    socket.write('{}');
    await until(/^HTTP\/1\.1 400 /);
    socket.destroy();
  }
});

test('a body that never comes whole is a 400, and one log line', async (t) => {
  const service = await startService(t);
  for (const length of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    service.events.clear();
    const connection = await connectRaw(service.url);
    const authorization = `Authorization: Bearer ${service.keys.desk}`;
    const chunk = length.startsWith('T') ? '5\r\n{' : '{';
    connection.write(
      `POST /v1/customer HTTP/1.1\r\n${HOST}${authorization}\r\n${JSON_TYPE}${length}\r\n\r\n${chunk}`,
    );
    connection.finish();
    const reply = await connection.reply();
    assert.ok(reply, length);
    assertProblem(reply, 'malformed-request', length);
    await connection.ended;
    const { outcome, status } = await service.events.nth('request', 1);
    assert.deepEqual([outcome, status], ['malformed-request', 400]);
    assert.equal(service.events.of('request').length, 1);
  }
});

test('a refused connection ends, even if the other side does not let go', async (t) => {
  const service = await startService(t);
  const { server } = service.app.api;
  const connected = new Promise<{ closed: Promise<void> }>((resolve) => {
    server.once('connection', (socket) => {
      resolve({ closed: new Promise((done) => socket.once('close', () => done())) });
    });
  });
  const connection = await connectRaw(service.url);
  connection.write(`${MARK}\r\n\r\n`);
  const reply = await connection.reply();
  assert.equal(reply?.status, 400);
  await (await connected).closed;
  connection.leave();
});

test('paths that nothing is served at', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const paths = [
    `/${MARK}`,
    '/v1',
    '/v1/',
    '/v1/customer/',
    '/V1/customer',
    '/v1/Customer',
    '/v2/customer',
    '//v1/customer',
    '/v1//customer',
    '/v1/customer/..',
    '/v1/../v1/customer',
    '/v1/customer%00',
    '/v1/customer;tenant=acme',
    '/v1/customer%3Ftenant=acme',
    '/metrics',
    '/.env',
    '/*',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'QUERY', 'OPTIONS', 'DELETE']) {
      const reply = await sendRaw(service.url, [method, `${path}?email=${MARK}`], { headers });
      assertProblem(reply, 'not-found', `${method} ${path}`);
      assert.ok(!reply.body.includes(MARK), path);
    }
  }
  const things = [
    `/problems/${MARK}`,
    `/problems/${'a'.repeat(5_000)}`,
    '/problems/__proto__',
    '/problems/constructor',
    '/problems/..%2f..%2fetc%2fpasswd',
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/nothing',
  ];
  for (const path of things) {
    assertProblem(await sendRaw(service.url, ['GET', path]), 'not-found', path);
  }
  const options = await sendRaw(service.url, ['OPTIONS', '*']);
  assertProblem(options, 'not-found');
  assert.ok(!service.logs().includes(MARK));
});

/** What each path allows. */
const ALLOWED: Readonly<Record<string, string>> = {
  '/v1/customer': 'GET, HEAD, POST, QUERY, OPTIONS',
  '/v1/customers': 'POST, OPTIONS',
  '/v1/summaries': 'GET, HEAD, POST, QUERY, OPTIONS',
  '/livez': 'GET, HEAD, OPTIONS',
  '/readyz': 'GET, HEAD, OPTIONS',
  '/openapi.json': 'GET, HEAD, OPTIONS',
  '/docs': 'GET, HEAD, OPTIONS',
  '/docs/': 'GET, HEAD, OPTIONS',
  '/problems': 'GET, HEAD, OPTIONS',
  '/problems/not-found': 'GET, HEAD, OPTIONS',
};

test('methods that a path does not have are told which it has', async (t) => {
  const service = await startService(t);
  const connection = await connectRaw(service.url);
  for (const [path, allow] of Object.entries(ALLOWED)) {
    const allowed = new Set(allow.split(', '));
    for (const method of METHODS) {
      if (method === 'CONNECT' || allowed.has(method)) continue;
      connection.write(requestBytes(method, `${path}?email=${MARK}`));
      const reply = await connection.reply(method);
      assert.ok(reply, `${method} ${path}`);
      // HEAD has no body to look at.
      if (method === 'HEAD') assert.equal(reply.status, 405, path);
      else assertProblem(reply, 'method-not-allowed', `${method} ${path}`);
      assert.equal(reply.headers.get('allow'), allow, `${method} ${path}`);
      assert.ok(!reply.body.includes(MARK));
    }
    connection.write(requestBytes('OPTIONS', path));
    const options = await connection.reply('OPTIONS');
    assert.equal(options?.status, 204);
    assert.equal(options?.headers.get('allow'), allow);
    assert.equal(options?.headers.get('cache-control'), 'no-store');
  }
  connection.leave();
});

test('the ops port refuses like the other', async (t) => {
  const { opsUrl } = await startService(t);
  for (const path of ['/livez', '/readyz', '/metrics']) {
    const reply = await sendRaw(opsUrl, ['POST', path]);
    assertProblem(reply, 'method-not-allowed', path);
    assert.equal(reply.headers.get('allow'), 'GET, HEAD, OPTIONS');
  }
  for (const path of ['/v1/customer', '/docs', '/openapi.json', '/problems']) {
    assertProblem(await sendRaw(opsUrl, ['GET', path]), 'not-found', path);
  }
  assertProblem(await sendRaw(opsUrl, ['GET', '/%zz']), 'malformed-request');
  const garbage = await sendBytes(opsUrl, `${MARK}\r\n\r\n`);
  assert.ok(garbage);
  assertProblem(garbage, 'malformed-request');
});

test('HEAD is GET without the body', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const paths = [
    '/v1/customer?tenant=acme&email=a@b.example',
    '/v1/customer?tenant=acme&email=x',
    '/v1/summaries?tenant=acme&interactionId=x',
    '/v1/summaries?tenant=nobody&interactionId=x',
    '/livez',
    '/readyz',
    '/problems',
    '/openapi.json',
    '/docs',
    '/nowhere',
    '/%zz',
  ];
  const connection = await connectRaw(service.url);
  const ask = async (method: string, path: string): Promise<RawReply> => {
    connection.write(requestBytes(method, path, { headers }));
    const reply = await connection.reply(method);
    assert.ok(reply);
    return reply;
  };
  const changing = ['date', 'x-request-id', 'ratelimit', 'cache-status', 'age'];
  const constant = ({ headers: all }: RawReply) =>
    Object.fromEntries([...all].filter(([name]) => !changing.includes(name)));
  for (const path of paths) {
    await ask('GET', path);
    const [get, head] = [await ask('GET', path), await ask('HEAD', path)];
    assert.equal(head.status, get.status, path);
    assert.deepEqual(constant(head), constant(get), path);
    assert.equal(head.headers.get('content-length'), String(get.body.length), path);
  }
  connection.leave();
});

test('on a connection that is kept, a refusal does not disturb what follows', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const connection = await connectRaw(service.url);
  const good = requestBytes('GET', '/v1/customer?tenant=acme&email=a@b.example', { headers });
  const bad = [
    requestBytes('GET', '/nowhere'),
    requestBytes('PUT', '/v1/customer', { body: `${MARK}\r\n\r\nGET /livez HTTP/1.1\r\n\r\n` }),
    requestBytes('GET', '/v1/customer'),
    requestBytes('POST', '/v1/customer', { body: '{}' }),
    requestBytes('GET', '/%zz', { body: 'GET /livez HTTP/1.1\r\n\r\n' }),
  ];
  // All at once: replies come in the order of requests.
  connection.write(Buffer.concat(bad.flatMap((bytes) => [bytes, good])));
  const statuses: (number | undefined)[] = [];
  for (let index = 0; index < bad.length * 2; index += 1) {
    statuses.push((await connection.reply())?.status);
  }
  assert.deepEqual(statuses, [404, 200, 405, 200, 401, 200, 401, 200, 400, 200]);
  connection.leave();
});

test('every problem says which request it is about', async (t) => {
  const service = await startService(t);
  for (const path of ['/nowhere', '/v1/customer', '/%zz']) {
    const headers = { 'X-Request-Id': 'from-the-caller' };
    const reply = await sendRaw(service.url, ['GET', path], { headers });
    assert.equal(problemIn(reply).instance, 'from-the-caller');
  }
  await service.events.nth('request', 3);
  const ids = service.events.of('request').map(({ requestId }) => requestId);
  assert.deepEqual(ids, Array(3).fill('from-the-caller'));
});

test('what follows a good request is not answered in its place', async (t) => {
  const service = await startService(t, { sandbox: { latencyMs: 50 } });
  const { sandbox, events } = service;
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  // More than is read at once, so that it is found to be broken more than once.
  const more = 'x'.repeat(200_000);
  const bad = [
    `${MARK}\r\n\r\n`,
    `${MARK}\r\n\r\n${more}`,
    `POST /nowhere HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nxx${more}`,
    `CONNECT ${MARK}:443 HTTP/1.1\r\n${HOST}\r\n`,
  ];
  for (const [at, bytes] of bad.entries()) {
    events.clear();
    const label = bytes.slice(0, 40);
    const connection = await connectRaw(service.url);
    const path = `/v1/customer?tenant=acme&contactId=contact-${at}`;
    connection.write(Buffer.concat([requestBytes('GET', path, { headers }), Buffer.from(bytes)]));
    const [first, second] = [await connection.reply(), await connection.reply()];
    assert.equal(first?.status, 200, label);
    assert.equal(sandbox.calls.received, at + 1);
    assert.ok(second, label);
    assert.ok(second.status === 400 || second.status === 404, label);
    problemIn(second);
    assert.equal(await connection.reply(), undefined, label);
    await events.nth('request', 2);
    await fetch(`${service.url}/livez`);
    await events.nth('request', 3);
    assert.equal(events.of('request').length, 3, label);
  }
});
