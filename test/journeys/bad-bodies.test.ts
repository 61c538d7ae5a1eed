// Bodies as callers should not send them: the problem that the contract names, and no trace of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ProblemSlug } from '../../src/domain/problem.ts';
import {
  assertProblem,
  connectRaw,
  faultsIn,
  type RawRequest,
  requestBytes,
  sendRaw,
} from '../support/raw-http.ts';
import { startService } from '../support/service.ts';

/** Stands in bodies, so that any trace of them is found. */
const MARK = 'qzvmark7';
const JSON_TYPE = { 'Content-Type': 'application/json' };

test('bodies that are no JSON object, or a dangerous one', async (t) => {
  const service = await startService(t);
  const bodies: Readonly<Record<string, string | Buffer>> = {
    'not JSON': MARK,
    'half of it': `{"tenant":"${MARK}`,
    'two of them': `{"tenant":"acme"}{"${MARK}":1}`,
    'an array': `["${MARK}"]`,
    'an empty array': '[]',
    'a text': `"${MARK}"`,
    'a number': '1e999',
    null: 'null',
    'white space': ' \n ',
    NaN: '{"tenant":NaN}',
    'single quotes': `{'tenant':'${MARK}'}`,
    'a comment': `{}//${MARK}`,
    'deep arrays': '['.repeat(60_000),
    'deep arrays, closed': `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
    'deep objects': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`.replace('{"a":', '[1,2,'),
    __proto__: `{"__proto__":{"tenant":"${MARK}"}}`,
    '__proto__ within': `{"tenant":{"__proto__":{"a":"${MARK}"}}}`,
    '__proto__, escaped': `{"__proto\\u005f_":"${MARK}"}`,
    'constructor.prototype': `{"constructor":{"prototype":{"a":"${MARK}"}}}`,
    'a key twice': `{"tenant":"acme","tenant":"${MARK}"}`,
    'a key twice, deep within': `{"tenant":"acme","email":[{"a":{"b":1,"b":"${MARK}"}}]}`,
    'a key twice, around an object': `{"tenant":{"a":{}},"a":1,"tenant":"${MARK}"}`,
    'a key twice, once escaped': `{"tenant":"acme","t\\u0065nant":"${MARK}"}`,
    'ill-formed UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    'a surrogate in UTF-8': Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
    'UTF-16': Buffer.from('{}', 'utf16le'),
    'a control character in a text': `{"tenant":"ac\nme"}`,
  };
  const headers = { Authorization: `Bearer ${service.keys.desk}`, ...JSON_TYPE };
  const operations = [
    ...['/v1/customer', '/v1/summaries'].flatMap((path) => [
      ['POST', path] as const,
      ['QUERY', path] as const,
    ]),
    ['POST', '/v1/customers'] as const,
  ];
  for (const operation of operations) {
    for (const [label, body] of Object.entries(bodies)) {
      const reply = await sendRaw(service.url, operation, { headers, body });
      assert.deepEqual(faultsIn(reply), ['body body-invalid'], label);
      assert.ok(!reply.body.includes(MARK), label);
    }
  }
  assert.equal((await fetch(`${service.url}/livez`)).status, 200);
  assert.ok(!service.logs().includes(MARK));
});

test('odd bodies that are JSON objects are read as what they say', async (t) => {
  const service = await startService(t);
  const right = '{"tenant":"acme","email":"a@b.example"}';
  const bodies: Readonly<Record<string, readonly [string | Buffer, string | undefined]>> = {
    'a byte order mark': [`\ufeff${right}`, undefined],
    'white space around': [` \r\n\t${right} `, undefined],
    'an empty object': ['{}', 'tenant tenant-required'],
    nothing: ['', 'tenant tenant-required'],
    'deep below a parameter': [
      `{"tenant":"acme","email":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      'email parameter-type',
    ],
    'a key in two objects': [
      '{"tenant":"acme","email":[{"a":1},{"a":{"a":2}}]}',
      'email parameter-type',
    ],
    'a key and a text like it': [
      '{"tenant":"acme","email":"email","customers":["tenant","tenant"]}',
      'email email-invalid, customers parameter-unknown',
    ],
    'a name of a method': [
      '{"tenant":"acme","email":"a@b.example","constructor":1}',
      'constructor parameter-unknown',
    ],
    'exactly 64 KiB': [right.padEnd(65_536), undefined],
  };
  const connection = await connectRaw(service.url);
  const headers = { Authorization: `Bearer ${service.keys.desk}`, ...JSON_TYPE };
  for (const [label, [body, fault]] of Object.entries(bodies)) {
    connection.write(requestBytes('POST', '/v1/customer', { headers, body }));
    const reply = await connection.reply();
    assert.ok(reply, label);
    if (fault === undefined) assert.equal(reply.status, 200, label);
    else assert.equal(faultsIn(reply).join(', '), fault, label);
  }
  connection.leave();
});

test('what a body may weigh, and in which type it has to come', async (t) => {
  const service = await startService(t);
  const { url, keys } = service;
  const right = '{"tenant":"acme","email":"a@b.example"}';
  const tooLarge = right.padEnd(65_537);
  const chunked = (text: string) =>
    `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  const CHUNKED = { 'Transfer-Encoding': 'chunked' };
  const rows: readonly (readonly [string, RawRequest, ProblemSlug | null])[] = [
    ['64 KiB', { headers: JSON_TYPE, body: right.padEnd(65_536) }, null],
    ['a byte more', { headers: JSON_TYPE, body: tooLarge }, 'body-too-large'],
    [
      '64 KiB in chunks',
      { headers: { ...JSON_TYPE, ...CHUNKED }, body: chunked(right.padEnd(65_536)) },
      null,
    ],
    [
      'a byte more in chunks',
      { headers: { ...JSON_TYPE, ...CHUNKED }, body: chunked(tooLarge) },
      'body-too-large',
    ],
    [
      'a promise of too much',
      { headers: { ...JSON_TYPE, 'Content-Length': '99999999' } },
      'body-too-large',
    ],
    ['text', { headers: { 'Content-Type': 'text/plain' }, body: right }, 'unsupported-media-type'],
    [
      'a form',
      {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'email=a@b.example',
      },
      'unsupported-media-type',
    ],
    [
      'a type like JSON',
      { headers: { 'Content-Type': 'application/ld+json' }, body: right },
      'unsupported-media-type',
    ],
    ['no type', { body: right }, 'unsupported-media-type'],
    [
      'a type that is none',
      { headers: { 'Content-Type': MARK }, body: right },
      'unsupported-media-type',
    ],
    [
      'a long type',
      { headers: { 'Content-Type': `${MARK}/${'a'.repeat(9_000)}` }, body: right },
      'unsupported-media-type',
    ],
    [
      'Latin-1',
      { headers: { 'Content-Type': 'application/json; charset=latin1' }, body: right },
      'unsupported-media-type',
    ],
    [
      'UTF-16',
      { headers: { 'Content-Type': 'application/json;charset="utf-16"' }, body: right },
      'unsupported-media-type',
    ],
    [
      'a coding',
      { headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, body: gzipSync(right) },
      'unsupported-media-type',
    ],
    [
      'a coding that it has not',
      { headers: { ...JSON_TYPE, 'Content-Encoding': 'br, gzip' }, body: right },
      'unsupported-media-type',
    ],
    [
      'UTF-8, said so',
      { headers: { 'Content-Type': 'Application/JSON; Charset="UTF-8"' }, body: right },
      null,
    ],
    [
      'no coding, said so',
      { headers: { ...JSON_TYPE, 'Content-Encoding': 'identity' }, body: right },
      null,
    ],
  ];
  for (const method of ['POST', 'QUERY']) {
    for (const [label, request, slug] of rows) {
      const headers = { Authorization: `Bearer ${keys.desk}`, ...request.headers };
      const reply = await sendRaw(url, [method, '/v1/customer'], { ...request, headers });
      if (slug === null) assert.equal(reply.status, 200, label);
      else assertProblem(reply, slug, label);
      assert.ok(!reply.body.includes(MARK), label);
    }
  }
  assert.ok(!service.logs().includes(MARK));
});

test('without a body, POST and QUERY need no type', async (t) => {
  const { url, keys } = await startService(t);
  const headers = { Authorization: `Bearer ${keys.desk}` };
  const rows: readonly RawRequest[] = [
    { headers },
    { headers: { ...headers, ...JSON_TYPE } },
    { headers: { ...headers, 'Content-Length': '0' } },
    { headers: { ...headers, ...JSON_TYPE, 'Content-Length': '0' } },
  ];
  for (const method of ['POST', 'QUERY']) {
    for (const request of rows) {
      const reply = await sendRaw(url, [method, '/v1/customer'], request);
      assert.deepEqual(faultsIn(reply), ['tenant tenant-required']);
    }
  }
});

test('a body and a query string exclude each other', async (t) => {
  const { url, keys } = await startService(t);
  const headers = { Authorization: `Bearer ${keys.desk}`, ...JSON_TYPE };
  const body = '{"tenant":"acme","email":"a@b.example"}';
  for (const method of ['POST', 'QUERY']) {
    for (const path of ['/v1/customer', '/v1/summaries']) {
      const reply = await sendRaw(url, [method, `${path}?tenant=${MARK}`], { headers, body });
      assert.ok(faultsIn(reply).includes('body parameter-conflict'));
      assert.ok(!reply.body.includes(MARK));
    }
    assert.equal((await sendRaw(url, [method, '/v1/customer?'], { headers, body })).status, 200);
  }
});

test('the body of a GET is not read', async (t) => {
  const { url, keys } = await startService(t);
  const path = '/v1/customer?tenant=acme&email=a@b.example';
  const connection = await connectRaw(url);
  const headers = { Authorization: `Bearer ${keys.desk}`, 'Content-Type': 'text/plain' };
  for (const body of ['{"email":7}', MARK.repeat(100)]) {
    connection.write(requestBytes('GET', path, { headers, body }));
    assert.equal((await connection.reply())?.status, 200);
  }
  connection.leave();
});
