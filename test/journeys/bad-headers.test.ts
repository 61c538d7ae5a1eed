// Request headers as callers should not send them: ignored or refused, and never repeated or logged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  assertProblem,
  faultsIn,
  type RawRequest,
  sendBytes,
  sendRaw,
} from '../support/raw-http.ts';
import { startService } from '../support/service.ts';

/** Stands in headers, so that any trace of them is found. */
const MARK = 'qzvmark7';
const PATH = '/v1/customer?tenant=acme&email=a@b.example';
const NEW_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('every credential but one right one is a 401', async (t) => {
  const service = await startService(t);
  const { url, keys } = service;
  const { desk } = keys;
  const rows: Readonly<Record<string, NonNullable<RawRequest['headers']>>> = {
    none: {},
    'an empty one': { Authorization: '' },
    'no credential': { Authorization: 'Bearer' },
    'the key alone': { Authorization: desk },
    Basic: { Authorization: `Basic ${Buffer.from(`desk:${desk}`).toString('base64')}` },
    'another scheme': { Authorization: `Digest ${desk}` },
    'a scheme that begins alike': { Authorization: `BearerX ${desk}` },
    'two keys': { Authorization: `Bearer ${desk} ${desk}` },
    'a list': { Authorization: `Bearer ${desk}, Bearer ${desk}` },
    'a tab between': { Authorization: `Bearer\t${desk}` },
    quotes: { Authorization: `Bearer "${desk}"` },
    'a key of nobody': { Authorization: `Bearer c360_nobody_${'A'.repeat(43)}` },
    'a wrong key': {
      Authorization: `Bearer ${desk.slice(0, -1)}${desk.endsWith('A') ? 'B' : 'A'}`,
    },
    'a longer key': { Authorization: `Bearer ${desk}A` },
    'a shorter key': { Authorization: `Bearer ${desk.slice(0, -1)}` },
    'the key of another app': { Authorization: `Bearer ${desk.replace('_desk_', '_mobile_')}` },
    'another case': { Authorization: `Bearer ${desk.replace('c360_desk', 'C360_DESK')}` },
    'a prototype': { Authorization: `Bearer c360_constructor_${'A'.repeat(43)}` },
    'a long one': { Authorization: `Bearer ${MARK.repeat(1_000)}` },
    'a token': { Authorization: `Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ${MARK}In0.` },
    'Latin-1': { Authorization: `Bearer \u00e9${MARK}` },
    'both headers': { Authorization: `Bearer ${desk}`, 'X-App-Key': desk },
    'both headers, one empty': { Authorization: '', 'X-App-Key': desk },
    'both headers, the other empty': { Authorization: `Bearer ${desk}`, 'X-App-Key': '' },
    'one header twice': { Authorization: [`Bearer ${desk}`, `Bearer ${desk}`] },
    'one header twice, once wrong': { Authorization: [`Bearer ${desk}`, `Bearer ${MARK}`] },
    'the other header twice': { 'X-App-Key': [desk, desk] },
    'a scheme in the other header': { 'X-App-Key': `Bearer ${desk}` },
    'a cookie': { Cookie: `authorization=${desk}` },
    'a proxy’s': { 'Proxy-Authorization': `Bearer ${desk}` },
  };
  for (const [label, headers] of Object.entries(rows)) {
    const reply = await sendRaw(url, ['GET', PATH], { headers });
    assertProblem(reply, 'unauthenticated', label);
    assert.equal(reply.headers.get('www-authenticate'), 'Bearer', label);
    assert.doesNotMatch(reply.headers.get('ratelimit') ?? '', /app/, label);
    assert.ok(!reply.body.includes(desk) && !reply.body.includes(MARK), label);
  }
  for (const name of ['access_token', 'token', 'key', 'authorization', 'x-app-key']) {
    const reply = await sendRaw(url, ['GET', `${PATH}&${name}=${desk}`]);
    assertProblem(reply, 'unauthenticated', name);
  }
  const spellings: readonly NonNullable<RawRequest['headers']>[] = [
    { Authorization: `Bearer ${desk}` },
    { authorization: `bearer ${desk}` },
    { AUTHORIZATION: `BEARER   ${desk}  ` },
    { 'X-App-Key': desk },
    { 'x-app-key': ` ${desk} ` },
  ];
  for (const headers of spellings) {
    assert.equal((await sendRaw(url, ['GET', PATH], { headers })).status, 200);
  }
  assert.ok(!service.logs().includes(desk.slice(-43)));
  assert.ok(!service.logs().includes(MARK));
});

test('a credential in a query string is an unknown parameter, and is not repeated', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const path = `${PATH}&access_token=${service.keys.mobile}`;
  const reply = await sendRaw(service.url, ['GET', path], { headers });
  assert.deepEqual(faultsIn(reply), ['access_token parameter-unknown']);
  assert.ok(!reply.body.includes(service.keys.mobile));
  assert.ok(!service.logs().includes(service.keys.mobile));
});

test('a request id is taken over if it is harmless, else replaced', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const harmless = ['a', '0', '.', '_', '-', 'A-z.0_9', 'x'.repeat(128)];
  for (const id of harmless) {
    const reply = await sendRaw(service.url, ['GET', PATH], {
      headers: { ...headers, 'X-Request-Id': id },
    });
    assert.equal(reply.headers.get('x-request-id'), id);
  }
  const others: readonly (string | readonly string[])[] = [
    '',
    ' ',
    'x'.repeat(129),
    MARK.repeat(1_250),
    `${MARK} a`,
    `${MARK}%0d%0aSet-Cookie:x`,
    `${MARK}\\r\\nSet-Cookie:x`,
    `\u00e9${MARK}`,
    `${MARK}\t`.padEnd(20, 'x'),
    `"${MARK}"`,
    `../${MARK}`,
    `<${MARK}>`,
    `{"${MARK}":1}`,
    [MARK, MARK],
  ];
  const seen = new Set<string>();
  for (const id of others) {
    const reply = await sendRaw(service.url, ['GET', PATH], {
      headers: { ...headers, 'X-Request-Id': id },
    });
    assert.equal(reply.status, 200);
    const given = reply.headers.get('x-request-id') ?? '';
    assert.match(given, NEW_ID);
    seen.add(given);
  }
  assert.equal(seen.size, others.length);
  await service.events.nth('request', harmless.length + others.length);
  assert.deepEqual(
    service.events.of('request').map(({ requestId }) => requestId),
    [...harmless, ...seen],
  );
  assert.ok(!service.logs().includes(MARK));
});

test('a header with a line break in it is two headers, or a broken request', async (t) => {
  const service = await startService(t);
  const start = 'GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: a';
  const asked = await sendBytes(service.url, `${start}\r\nX: b\r\n\r\n`);
  assert.equal(asked?.headers.get('x-request-id'), 'a');
  for (const rest of ['\rX: b', '\nX: b', '\r\n folded', '\0b', '\u007f']) {
    const reply = await sendBytes(service.url, `${start}${rest}\r\n\r\n`);
    assert.ok(reply);
    if (reply.status === 200) assert.notEqual(reply.headers.get('x-request-id'), `a${rest}`);
    else assertProblem(reply, 'malformed-request');
    assert.ok(!reply.headers.has('x'));
  }
});

test('junk in If-None-Match matches nothing', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const { headers: first } = await sendRaw(service.url, ['GET', PATH], { headers });
  const tag = first.get('etag') ?? '';
  const junk = [
    '',
    '"',
    '""',
    'W/',
    'W/"',
    ',,,,',
    '"'.repeat(9_000),
    MARK.repeat(1_250),
    `"${MARK}"`,
    tag.slice(1, -1),
    tag.slice(0, -1),
    tag.slice(1),
    tag.toUpperCase(),
    `"x${tag.slice(1)}`,
    `${tag.slice(0, -1)}x"`,
    '**',
    '"*"',
    `\u00e9"${MARK}`,
  ];
  for (const value of junk) {
    const reply = await sendRaw(service.url, ['GET', PATH], {
      headers: { ...headers, 'If-None-Match': value },
    });
    assert.equal(reply.status, 200, value.slice(0, 40));
    assert.equal(reply.headers.get('etag'), tag);
  }
  assert.ok(!service.logs().includes(MARK));
});

test('junk in Accept-Encoding is an answer that its Content-Encoding describes', async (t) => {
  const service = await startService(t);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const plain = await sendRaw(service.url, ['GET', PATH], { headers });
  const junk = [
    '',
    ',',
    ';',
    ';q=1',
    'br;q=2',
    'br;q=-1',
    'br;q=NaN',
    'gzip;q=0.1234',
    'gzip;q=',
    'gzip;;;',
    '*;*',
    '*;q=0',
    'identity;q=0',
    'compress, deflate, zstd',
    MARK.repeat(1_250),
    ','.repeat(9_000),
    'br;'.repeat(3_000),
    '__proto__',
    'constructor;q=1',
    '\u00e9',
  ];
  for (const value of junk) {
    const reply = await sendRaw(service.url, ['GET', PATH], {
      headers: { ...headers, 'Accept-Encoding': value },
    });
    assert.equal(reply.status, 200, value.slice(0, 40));
    const coding = reply.headers.get('content-encoding');
    const decode = { br: brotliDecompressSync, gzip: gunzipSync }[coding ?? ''];
    assert.deepEqual(decode?.(reply.body) ?? reply.body, plain.body);
  }
});

test('junk in other headers changes nothing', async (t) => {
  const service = await startService(t, { desk: { scopes: ['read'] } });
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  const plain = await sendRaw(service.url, ['GET', PATH], { headers });
  const rows: readonly NonNullable<RawRequest['headers']>[] = [
    { Accept: 'text/html;q=junk' },
    { Accept: `image/${MARK}` },
    { 'Cache-Control': `${MARK}, no-cache="x", max-age=junk`.repeat(100) },
    { Pragma: 'no-cache' },
    { Origin: `https://${MARK}.example` },
    { Origin: 'null' },
    { Cookie: `${MARK}=${MARK}` },
    { Range: 'bytes=0-0' },
    { 'If-Match': `"${MARK}"` },
    { 'If-Modified-Since': MARK },
    { 'X-Forwarded-For': `${MARK}, 1.2.3.4` },
    { 'X-HTTP-Method-Override': 'DELETE' },
    { 'X-Original-URL': '/admin' },
    { Expect: MARK },
    { Expect: '100-continue' },
    { Upgrade: 'websocket', Connection: 'upgrade' },
    { TE: 'trailers, deflate' },
    { 'Content-Type': MARK },
    { traceparent: MARK },
    { [MARK]: MARK },
    Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`a${index}`, ''])),
  ];
  for (const more of rows) {
    const reply = await sendRaw(service.url, ['GET', PATH], { headers: { ...headers, ...more } });
    const label = JSON.stringify(more).slice(0, 60);
    assert.equal(reply.status, 200, label);
    assert.deepEqual(reply.body, plain.body, label);
    assert.doesNotMatch([...reply.headers].join(), new RegExp(MARK), label);
  }
  assert.ok(!service.logs().includes(MARK));
});
