// Every parameter with every kind of bad value, over GET, POST and QUERY: a problem with the right code, and no trace of the value.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FaultCode } from '../../src/domain/problem.ts';
import {
  connectRaw,
  faultsIn,
  problemIn,
  type RawReply,
  type RawRequest,
  requestBytes,
} from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

/** Stands in every value, so that any trace of one is found. */
const MARK = 'qzvmark7';
const TEN_KILOBYTES = MARK.repeat(10_240 / MARK.length);

/** What is expected: a fault's code, a refusal, or an answer where the value is in fact a legal one. */
type Expected = FaultCode | 'forbidden' | 'legal';

interface Parameter {
  readonly path: string;
  readonly code: FaultCode;
  /** What a request needs besides. */
  readonly others: Readonly<Record<string, string>>;
  /** A value that is right, to give it twice. */
  readonly value: string;
  readonly isList?: boolean;
  /** What texts are that are odd, but well-formed. */
  readonly odd?: Expected;
}

const CUSTOMER = { path: '/v1/customer', others: { tenant: 'acme' } };
const WITH_EMAIL = { path: '/v1/customer', others: { tenant: 'acme', email: 'a@b.example' } };
const WITH_ACCOUNT = { path: '/v1/customer', others: { tenant: 'acme', accountId: '1' } };
const SUMMARIES = { path: '/v1/summaries', others: { tenant: 'acme' }, value: 'x', isList: true };

const COMMON: Readonly<Record<string, Parameter>> = {
  tenant: {
    path: '/v1/customer',
    others: { email: 'a@b.example' },
    code: 'tenant-required',
    value: 'acme',
    odd: 'forbidden',
  },
  email: { ...CUSTOMER, code: 'email-invalid', value: 'a@b.example' },
  phoneNumber: { ...CUSTOMER, code: 'phone-invalid', value: '+14155550101' },
  contactId: { ...CUSTOMER, code: 'id-invalid', value: 'x', odd: 'legal' },
  accountId: { ...CUSTOMER, code: 'id-invalid', value: 'x', odd: 'legal' },
  customer: { ...CUSTOMER, code: 'customer-ambiguous', value: 'a@b.example' },
  crmId: { ...WITH_ACCOUNT, code: 'crm-unsupported', value: 'native' },
  startTime: { ...WITH_EMAIL, code: 'time-invalid', value: '2026-01-01T00:00:00Z' },
  endTime: { ...WITH_EMAIL, code: 'time-invalid', value: '2026-01-01T00:00:00Z' },
  last: { ...WITH_EMAIL, code: 'duration-invalid', value: 'P1D' },
  include: { ...WITH_EMAIL, code: 'include-unknown', value: 'summaries', isList: true },
  fields: { ...WITH_EMAIL, code: 'field-unknown', value: 'topics', isList: true },
};
const IN_QUERY: Readonly<Record<string, Parameter>> = {
  ...COMMON,
  interactionId: { ...SUMMARIES, code: 'id-invalid', odd: 'legal' },
};
const IN_BODY: Readonly<Record<string, Parameter>> = {
  ...COMMON,
  interactionIds: { ...SUMMARIES, code: 'id-invalid', odd: 'legal' },
};

/** Texts that no parameter takes: not well-formed, or with characters that are no text. */
const BROKEN_ESCAPES = {
  'a NUL': `${MARK}%00`,
  'a control character': `%1B[2J${MARK}`,
  DEL: `${MARK}%7F`,
  'a control character of C1': `${MARK}%C2%85`,
  'a direction mark': `%E2%80%AE${MARK}`,
  'an isolate': `${MARK}%E2%81%A6x`,
  'a lone surrogate': `${MARK}%ED%A0%80`,
  'an overlong slash': `${MARK}%C0%AF`,
  'a broken escape': `${MARK}%zz`,
  'half an escape': `${MARK}%4`,
  'a header': `${MARK}%0D%0ASet-Cookie:%20${MARK}`,
  'a log line': `${MARK}%0A%7B%22event%22:%22request%22%7D`,
};
const BROKEN_TEXTS = {
  'a NUL': `${MARK}\0`,
  'a control character': `\u001b[2J${MARK}`,
  DEL: `${MARK}\u007f`,
  'a control character of C1': `${MARK}\u0085`,
  'a direction mark': `\u202e${MARK}`,
  'an isolate': `${MARK}\u2066x`,
  'a lone surrogate': `${MARK}\ud800`,
  'a lone low surrogate': `\udc00${MARK}`,
  'a header': `${MARK}\r\nSet-Cookie: ${MARK}`,
  'a log line': `${MARK}\n{"event":"request"}`,
};
/** Texts that are well-formed: no parameter but an id takes them. */
const ODD_TEXTS = {
  'a path': `../../${MARK}`,
  'a prototype': '__proto__',
  'an escape, escaped': `%00${MARK}`,
  'an object': `{"a":"${MARK}"}`,
  'an array': `["${MARK}"]`,
  SQL: `' OR 1=1 -- ${MARK}`,
  markup: `<script>${MARK}</script>`,
};

interface Row {
  readonly label: string;
  readonly request: RawRequest;
  readonly target: readonly [method: string, path: string];
  readonly name: string;
  readonly expected: Expected;
}

function queryRows(): readonly Row[] {
  return Object.entries(IN_QUERY).flatMap(([name, parameter]) => {
    const { code, value, isList } = parameter;
    const odd = parameter.odd ?? code;
    const row = (label: string, pairs: string, expected: Expected): Row => ({
      label: `GET ${name}: ${label}`,
      target: ['GET', `${parameter.path}?${new URLSearchParams(parameter.others)}&${pairs}`],
      request: {},
      name,
      expected,
    });
    const broken = Object.entries(BROKEN_ESCAPES);
    const right = `${name}=${encodeURIComponent(value)}`;
    return [
      row('no value', name, code),
      row('empty', `${name}=`, code),
      row('blank', `${name}=%20+%20`, code),
      row('10 kB', `${name}=${TEN_KILOBYTES}`, name === 'tenant' ? 'forbidden' : code),
      row('twice', `${right}&${right}`, isList ? 'legal' : 'parameter-repeated'),
      ...broken.map(([label, text]) => row(label, `${name}=${text}`, code)),
      ...Object.entries(ODD_TEXTS).map(([label, text]) =>
        row(label, `${name}=${encodeURIComponent(text)}`, odd),
      ),
    ];
  });
}

function bodyRows(method: string): readonly Row[] {
  return Object.entries(IN_BODY).flatMap(([name, parameter]) => {
    const { code, isList } = parameter;
    const odd = parameter.odd ?? code;
    const row = (label: string, value: unknown, expected: Expected): Row => ({
      label: `${method} ${name}: ${label}`,
      target: [method, parameter.path],
      request: {
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...parameter.others, [name]: value }),
      },
      name,
      expected,
    });
    const text = (value: string) => (isList ? [value] : value);
    return [
      row('null', null, 'parameter-type'),
      row('a number', 7, 'parameter-type'),
      row('a huge number', 1e308, 'parameter-type'),
      row('true', true, 'parameter-type'),
      row('an object', { [MARK]: MARK }, 'parameter-type'),
      row('a text or list, the other way round', isList ? MARK : [MARK], 'parameter-type'),
      row('a list of numbers', [7], 'parameter-type'),
      row('a list in a list', [[MARK]], 'parameter-type'),
      row('an empty list', [], emptyListCode(name, parameter)),
      row('empty', text(''), code),
      row('blank', text(' \u00a0 '), code),
      row('10 kB', text(TEN_KILOBYTES), name === 'tenant' ? 'forbidden' : code),
      ...Object.entries(BROKEN_TEXTS).map(([label, broken]) => row(label, text(broken), code)),
      ...Object.entries(ODD_TEXTS).map(([label, value]) => row(label, text(value), odd)),
    ];
  });
}

function emptyListCode(name: string, { isList, code }: Parameter): FaultCode {
  if (!isList) return 'parameter-type';
  return name === 'interactionIds' ? 'ids-count' : code;
}

/** Sends all rows on one connection, which has to live through all of them. */
async function assertRows(t: TestContext, rows: readonly Row[]): Promise<void> {
  const service = await startService(t);
  const connection = await connectRaw(service.url);
  for (const { label, target, request, name, expected } of rows) {
    const headers = { Authorization: `Bearer ${service.keys.desk}`, ...request.headers };
    connection.write(requestBytes(...target, { ...request, headers }));
    const reply = await connection.reply();
    assert.ok(reply, label);
    assertExpected(reply, { label, name, expected });
  }
  connection.leave();
  await assertUntouched(service, rows.length);
}

function assertExpected(
  reply: RawReply,
  { label, name, expected }: Pick<Row, 'label' | 'name' | 'expected'>,
): void {
  if (expected === 'legal') {
    assert.equal(reply.status, 200, label);
    return;
  }
  const { type } = problemIn(reply);
  if (expected === 'forbidden') assert.equal(type, '/problems/forbidden', label);
  else assert.deepEqual(faultsIn(reply), [`${name} ${expected}`], label);
  assert.ok(!reply.body.includes(MARK), label);
  assert.ok(!reply.headers.has('set-cookie'), label);
}

/** The process lives, and its log is one line of JSON a request, without any value. */
async function assertUntouched({ url, logs, events }: Service, requests: number): Promise<void> {
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  await events.nth('request', requests + 1);
  const lines = logs().trimEnd().split('\n');
  const logged = lines.map((line) => (JSON.parse(line) as { event: string }).event);
  assert.equal(logged.filter((event) => event === 'request').length, requests + 1);
  assert.ok(!logged.includes('internal-error'));
  assert.ok(!logs().includes(MARK));
}

test('GET with every bad value of every parameter', (t) => assertRows(t, queryRows()));

test('POST with every bad value of every parameter', (t) => assertRows(t, bodyRows('POST')));

test('QUERY with every bad value of every parameter', (t) => assertRows(t, bodyRows('QUERY')));

test('names that no parameter has', async (t) => {
  const service = await startService(t);
  const authorization = `Bearer ${service.keys.desk}`;
  const connection = await connectRaw(service.url);
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['email%5B%5D=x', ['(not shown)']],
    ['email%5Ba%5D=x', ['(not shown)']],
    ['Email=x', ['Email']],
    ['__proto__=x', ['__proto__']],
    ['constructor=x', ['constructor']],
    ['toString', ['toString']],
    ['=x', ['(not shown)']],
    [`${MARK}=x`, ['(not shown)']],
    ['a%0D%0Ab=x', ['(not shown)']],
    ['%zz=x', ['(not shown)']],
    ['%ED%A0%80=x', ['(not shown)']],
    [`${service.keys.desk}=x`, ['(not shown)']],
    [`access_token=${service.keys.desk}`, ['access_token']],
    ['x&x', ['x']],
  ];
  for (const path of [
    '/v1/customer?tenant=acme&email=a@b.example',
    '/v1/summaries?tenant=acme&interactionId=1',
  ]) {
    for (const [pairs, names] of rows) {
      const headers = { Authorization: authorization };
      connection.write(requestBytes('GET', `${path}&${pairs}`, { headers }));
      const reply = await connection.reply();
      assert.ok(reply);
      assert.deepEqual(
        faultsIn(reply),
        names.map((name) => `${name} parameter-unknown`),
        pairs,
      );
      assert.ok(!reply.body.includes(service.keys.desk), pairs);
      assert.ok(!reply.body.includes(MARK), pairs);
    }
  }
  connection.leave();
  assert.ok(!service.logs().includes(service.keys.desk));
  await assertUntouched(service, rows.length * 2);
});

test('thousands of unknown names do not make a reply without end', async (t) => {
  const service = await startService(t);
  const names = Array.from({ length: 5_000 }, (_, index) => [`a${index}`, 1]);
  const reply = await service.post('/v1/customer', {
    tenant: 'acme',
    email: 'a@b.example',
    ...Object.fromEntries(names),
  });
  assert.equal(reply.status, 400);
  assert.ok((await reply.text()).length < 10_000);
});

test('no value takes long to read', async (t) => {
  const service = await startService(t);
  const values = [
    ['customer', `${'1'.repeat(60_000)}x`],
    ['customer', `${' '.repeat(30_000)}${'1'.repeat(30_000)}x`],
    ['customer', `tel:${' ('.repeat(30_000)}`],
    ['email', `${'@'.repeat(60_000)}`],
    ['phoneNumber', `${'+'.repeat(60_000)}`],
    ['startTime', `2026-01-01T00:00:00${' 00:00'.repeat(10_000)}`],
    ['last', `P${'1'.repeat(60_000)}`],
  ];
  const startedAt = performance.now();
  for (const [name = '', value] of values) {
    const others = { tenant: 'acme', ...(/Time|last/.test(name) && { email: 'a@b.example' }) };
    const reply = await service.post('/v1/customer', { ...others, [name]: value });
    assert.equal(reply.status, 400, name);
  }
  // Each takes milliseconds; one that is read quadratically takes many seconds.
  assert.ok(performance.now() - startedAt < 3_000);
});

test('parameters that are missing', async (t) => {
  const service = await startService(t);
  const { ask, post } = service;
  const rows: readonly (readonly [Promise<Response>, readonly string[]])[] = [
    [ask('/v1/customer'), ['tenant tenant-required']],
    [ask('/v1/customer?'), ['tenant tenant-required']],
    [ask('/v1/customer?&&'), ['tenant tenant-required']],
    [ask('/v1/customer?tenant=acme'), ['customer identity-missing']],
    [post('/v1/customer', {}), ['tenant tenant-required']],
    [post('/v1/customer', { tenant: 'acme' }), ['customer identity-missing']],
    [ask('/v1/summaries'), ['tenant tenant-required']],
    [ask('/v1/summaries?tenant=acme'), ['interactionId ids-count']],
    [post('/v1/summaries', { tenant: 'acme' }), ['interactionIds ids-count']],
    [
      ask(`/v1/summaries?tenant=acme${'&interactionId=1'.repeat(201)}`),
      ['interactionId ids-count'],
    ],
    [
      post('/v1/summaries', { tenant: 'acme', interactionId: 'x' }),
      ['interactionIds ids-count', 'interactionId parameter-unknown'],
    ],
  ];
  for (const [asked, expected] of rows) {
    const reply = await asked;
    assert.equal(reply.status, 400);
    const { errors } = (await reply.json()) as { errors: { parameter: string; code: string }[] };
    assert.deepEqual(
      errors.map(({ parameter, code }) => `${parameter} ${code}`),
      expected,
    );
  }
});
