// The judge of a fuzz run fails what it must fail: replies of a server that breaks one rule each.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Exchange } from './exchange.ts';
import { createJudge } from './judge.ts';
import { appKeysOf, customerMarks, MARKED, secretMarks } from './marked.ts';
import type { Asked } from './request.ts';
import { tryOne } from './run.ts';

const keys = appKeysOf(1);
const judge = createJudge({ secret: secretMarks(keys), customer: customerMarks() });

/** What the server sends to whoever connects next. */
let script = '';
const server = createServer((socket: Socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.end(script, 'latin1'));
});
const origins = { api: '', ops: '' };

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  origins.api = `http://127.0.0.1:${address.port}`;
});

after(() => void server.close());

const ID = 'fz-1-0';
const COMMON = {
  'cache-control': 'no-store',
  vary: 'Authorization, X-App-Key, Accept-Encoding, Origin',
  'x-request-id': ID,
};
const BY_ADDRESS = { ratelimit: '"address";r=0;t=60', 'ratelimit-policy': '"address";q=60;w=60' };
const QUOTA = { ratelimit: '"app";r=9;t=60', 'ratelimit-policy': '"app";q=10;w=60' };
const KEPT = {
  ...COMMON,
  ...QUOTA,
  'cache-control': 'private, max-age=60, stale-while-revalidate=600',
  etag: '"x"',
  age: '0',
  'cache-status': 'customer-360; fwd=miss; stored',
};
const CUSTOMER = {
  tenant: 'acme',
  region: 'us',
  customer: { by: 'email', value: MARKED.email, crmId: null },
  timeRange: { startTime: null, endTime: null, last: 'P1Y' },
  complete: true,
  interactions: [],
  insights: null,
};

interface Message {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function reply({ status, headers, body }: Message): string {
  const all = { ...headers, 'content-length': String(body.length), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Some Reason\r\n${lines.join('')}\r\n${body}`;
}

function json(status: number, headers: Readonly<Record<string, string>>, body: unknown): Message {
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: { ...headers, ...type }, body: JSON.stringify(body) };
}

function problem(status: number, slug: string, more: object = {}): Message {
  const members = { type: `/problems/${slug}`, title: 'x', status, detail: 'x', instance: ID };
  const type = { 'content-type': 'application/problem+json' };
  return {
    status,
    headers: { ...COMMON, ...type },
    body: JSON.stringify({ ...members, ...more }),
  };
}

function withHeaders(message: Message, headers: Readonly<Record<string, string>>): Message {
  return { ...message, headers: { ...message.headers, ...headers } };
}

function without(message: Message, name: string): Message {
  const headers = Object.entries(message.headers).filter(([each]) => each !== name);
  return { ...message, headers: Object.fromEntries(headers) };
}

const LIVEZ: Asked = { port: 'api', method: 'GET', target: '/livez', requestId: ID, app: null };
const SEARCH: Asked = { ...LIVEZ, target: '/v1/customer?email=x', app: 'desk' };
const NOBODY: Asked = { ...SEARCH, app: null };
const MOBILE: Asked = { ...SEARCH, app: 'mobile' };

const ALIVE = json(200, COMMON, { status: 'ok' });
const FOUND = json(200, KEPT, CUSTOMER);
const REFUSED = withHeaders(problem(403, 'forbidden'), QUOTA);
const SPENT = withHeaders(problem(429, 'quota-exceeded'), { 'retry-after': '60' });
const GLOBEX = { ...CUSTOMER, tenant: 'globex', region: 'ca' };
const BATCH: Asked = { ...MOBILE, method: 'POST', target: '/v1/customers' };

/** A batch of one customer. */
function batchOf(body: object): Message {
  return json(200, { ...COMMON, ...QUOTA }, { customers: [{ status: 200, age: 0, body }] });
}

/** A batch of one customer who is a problem. */
function failedBatch(status: number, slug: string): Message {
  const detail = JSON.parse(problem(status, slug).body);
  return json(200, { ...COMMON, ...QUOTA }, { customers: [{ status, problem: detail }] });
}

/** The rules that one exchange with the server breaks. */
async function rulesOf(asked: Asked | null, text: string, over: Partial<Exchange> = {}) {
  script = text;
  const bytes = Buffer.from('x');
  const exchange: Exchange = {
    number: 1,
    kind: 'test',
    port: 'api',
    requests: asked ? [{ asked, bytes }] : [],
    isPipelined: false,
    pieceBytes: Infinity,
    rest: asked ? null : bytes,
    ...over,
  };
  return (await tryOne(exchange, { origins, judge })).trial.rules;
}

test('replies that keep every rule are passed', async () => {
  const rows: readonly (readonly [Asked | null, Message])[] = [
    [LIVEZ, ALIVE],
    [SEARCH, FOUND],
    [SEARCH, REFUSED],
    [NOBODY, withHeaders(problem(401, 'unauthenticated'), { 'www-authenticate': 'Bearer' })],
    [NOBODY, withHeaders(SPENT, BY_ADDRESS)],
    [SEARCH, withHeaders(problem(503, 'upstream-throttled'), { ...QUOTA, 'retry-after': '5' })],
    [SEARCH, problem(400, 'malformed-request')],
    [SEARCH, { status: 304, headers: KEPT, body: '' }],
    [MOBILE, json(200, KEPT, { ...GLOBEX, interactions: [{ id: 'x' }] })],
    [BATCH, batchOf(GLOBEX)],
    [BATCH, failedBatch(403, 'forbidden')],
    [
      { ...BATCH, method: 'QUERY' },
      withHeaders(problem(405, 'method-not-allowed'), { allow: 'POST' }),
    ],
    [{ ...LIVEZ, target: '/nowhere' }, problem(404, 'not-found')],
    [
      { ...LIVEZ, method: 'PUT' },
      withHeaders(problem(405, 'method-not-allowed'), { allow: 'GET' }),
    ],
    [null, problem(431, 'headers-too-large')],
    [null, FOUND],
  ];
  for (const [asked, message] of rows) {
    const rules = await rulesOf(asked, reply(message).replace('content-length: 0\r\n', ''));
    assert.deepEqual(rules, [], JSON.stringify(message));
  }
});

test('a reply that breaks a rule is named', async () => {
  const vendorKey = String(secretMarks(keys)['8x8 key of acme']);
  const rows: readonly (readonly [Asked | null, Message, RegExp])[] = [
    [SEARCH, withHeaders(problem(500, 'internal-error'), QUOTA), /status 500/],
    [null, problem(500, 'internal-error'), /status 500/],
    // Leaks.
    [
      SEARCH,
      withHeaders(problem(403, 'forbidden', { detail: MARKED.email }), QUOTA),
      /body holds email/,
    ],
    [null, problem(400, 'malformed-request', { detail: keys.desk.key }), /body holds key of desk/],
    [SEARCH, json(200, KEPT, { ...CUSTOMER, tenant: vendorKey }), /body holds 8x8 key of acme/],
    [LIVEZ, withHeaders(ALIVE, { etag: MARKED.email }), /a header holds email/],
    [
      LIVEZ,
      withHeaders(ALIVE, { 'x-request-id': Buffer.from(keys.desk.key).toString('hex') }),
      /key of desk in hex/,
    ],
    // Who may see what.
    [NOBODY, FOUND, /status 200 for nobody/],
    [NOBODY, { status: 304, headers: KEPT, body: '' }, /status 304 for nobody/],
    [NOBODY, withHeaders(SPENT, QUOTA), /status 429 for nobody/],
    [SEARCH, withHeaders(SPENT, BY_ADDRESS), /a caller is limited by address/],
    [MOBILE, FOUND, /a tenant that is not granted/],
    [
      MOBILE,
      json(200, KEPT, { ...GLOBEX, interactions: [{ id: 'x', address: null }] }),
      /a field that is hidden/,
    ],
    [BATCH, batchOf(CUSTOMER), /a tenant that is not granted/],
    [
      BATCH,
      batchOf({ ...GLOBEX, interactions: [{ id: 'x', address: null }] }),
      /a field that is hidden/,
    ],
    [BATCH, failedBatch(500, 'internal-error'), /status 500/],
    [BATCH, batchOf({ ...GLOBEX, more: 1 }), /body customers.0/],
    // Another's reply.
    [
      LIVEZ,
      withHeaders(ALIVE, { 'x-request-id': 'fz-2-0' }),
      /the reply to fz-2-0 came for fz-1-0/,
    ],
    // What the document says.
    [LIVEZ, json(201, COMMON, { status: 'ok' }), /status 201 is not in the document/],
    [SEARCH, problem(404, 'not-found'), /status 404 is not in the document/],
    [
      SEARCH,
      withHeaders(problem(403, 'not-found'), QUOTA),
      /\/problems\/not-found is not in the document/,
    ],
    [LIVEZ, json(200, COMMON, { status: 'fine' }), /body status/],
    [LIVEZ, json(200, COMMON, { status: 'ok', version: 1 }), /Unrecognized key: "version"/],
    [SEARCH, json(200, KEPT, { ...CUSTOMER, insights: 1 }), /body insights/],
    [
      SEARCH,
      json(200, KEPT, { ...CUSTOMER, interactions: [{ id: 'x', startedAt: '2024' }] }),
      /body interactions.0.startedAt/,
    ],
    [SEARCH, without(FOUND, 'etag'), /no header etag/],
    [SEARCH, without(FOUND, 'ratelimit'), /no header ratelimit/],
    [SEARCH, withHeaders(FOUND, { age: '-1' }), /header age: -1/],
    [
      SEARCH,
      withHeaders(FOUND, { 'x-powered-by': 'x' }),
      /header x-powered-by is not in the document/,
    ],
    [
      LIVEZ,
      withHeaders(ALIVE, { 'content-type': 'text/html' }),
      /text\/html is not in the document/,
    ],
    [
      SEARCH,
      withHeaders(REFUSED, { 'content-type': 'application/json' }),
      /status 403 as application\/json/,
    ],
    [SEARCH, problem(403, 'forbidden'), /no header ratelimit/],
    [
      { ...LIVEZ, method: 'PUT' },
      problem(405, 'method-not-allowed'),
      /status 405 fits no operation/,
    ],
    [{ ...LIVEZ, target: '/nowhere' }, ALIVE, /status 200 fits no operation/],
    [null, json(418, COMMON, {}), /status 418/],
    [LIVEZ, { ...ALIVE, body: '{' }, /its body does not decode/],
    [LIVEZ, withHeaders(ALIVE, { 'content-encoding': 'br' }), /its body does not decode/],
    [LIVEZ, without(ALIVE, 'x-request-id'), /no header x-request-id/],
    // What every problem is.
    [SEARCH, without(REFUSED, 'vary'), /no header vary/],
    [SEARCH, withHeaders(problem(403, 'forbidden', { instance: 'other' }), QUOTA), /not a problem/],
  ];
  for (const [asked, message, rule] of rows) {
    const rules = await rulesOf(asked, reply(message).replace('content-length: 0\r\n', ''));
    assert.match(rules.join('\n'), rule, JSON.stringify(message));
  }
});

test('what is wrong between replies is named', async () => {
  const good = reply(ALIVE);
  assert.match((await rulesOf(LIVEZ, '')).join(), /no reply to request 1/);
  assert.match((await rulesOf(LIVEZ, `${good}${good}`)).join(), /one more reply \(200\)/);
  assert.match((await rulesOf(LIVEZ, good.slice(0, -3))).join(), /cut off/);
  assert.match((await rulesOf(LIVEZ, good.slice(0, 30))).join(), /cut off/);
  assert.match((await rulesOf(LIVEZ, 'HELLO\r\n\r\n')).join(), /not a status line/);
  assert.match((await rulesOf(null, `${good}x`)).join(), /cut off/);
  const torn = good.replace('\r\n\r\n', '\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
  assert.match((await rulesOf(LIVEZ, torn)).join(), /does not decode/);
  assert.deepEqual(await rulesOf(LIVEZ, `HTTP/1.1 100 Continue\r\n\r\n${good}`), []);
});
