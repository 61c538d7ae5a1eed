// Every fault, as a client meets it, and the scopes for which faults can be switched on.
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { FAULTS } from '../../src/sandbox/faults.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import { sendRaw } from '../support/raw-http.ts';

const nowAt = Date.UTC(2026, 6, 15, 9, 30);
const sandbox = await createSandbox({ now: () => nowAt });
const { faults, calls } = sandbox;
afterEach(() => faults.set(null));
after(() => sandbox.close());

const search = 'interactions-insight?email=';
const ofAda = search + encodeURIComponent(CUSTOMERS.ada.email);

async function ask(rest = ofAda, init: RequestInit = {}, tenant: Tenant = TENANTS.acme) {
  const path = `/v1/public/tenants/${tenant.tenantId}/${rest}`;
  const headers = { 'x-api-key': KEYS.acme };
  return fetch(sandbox.baseUrls[tenant.region] + path, { redirect: 'manual', headers, ...init });
}

type Tenant = (typeof TENANTS)['acme' | 'acmeUk'];

interface Answer {
  interactions?: unknown[];
  summaries?: unknown[];
  padding?: string;
}

async function read(rest?: string): Promise<Answer> {
  const response = await ask(rest);
  assert.equal(response.status, 200);
  return JSON.parse(await response.text());
}

const replies: {
  readonly kind: keyof typeof FAULTS;
  readonly status: number;
  readonly type: string | null;
  readonly body: RegExp;
  readonly headers?: Readonly<Record<string, string | null>>;
}[] = [
  {
    kind: 'throttled',
    status: 429,
    type: 'application/json',
    body: /^\{"status":429,/,
    headers: { 'retry-after': '1' },
  },
  {
    kind: 'throttled-reset',
    status: 429,
    type: 'application/json',
    body: /^\{"status":429,/,
    headers: { 'retry-after': null, 'x-ratelimit-reset': String(nowAt / 1_000 + 1) },
  },
  {
    kind: 'gateway-quota',
    status: 500,
    type: 'application/json',
    body: /^\{"fault":\{"faultstring":".+","detail":\{"errorcode":"policies\.ratelimit\.Quota/,
  },
  {
    kind: 'gateway-token',
    status: 401,
    type: 'application/json',
    body: /^\{"fault":\{.*"errorcode":"oauth\.v2\.InvalidAccessToken"\}\}\}$/,
  },
  { kind: 'server-error', status: 500, type: 'application/json', body: /^\{"status":500,"title"/ },
  { kind: 'bad-gateway', status: 502, type: 'text/html', body: /^<html>/ },
  { kind: 'unavailable', status: 503, type: null, body: /^$/ },
  { kind: 'refused', status: 400, type: 'application/json', body: /^\{"status":400,"title"/ },
  { kind: 'unauthorized', status: 401, type: null, body: /^$/ },
  { kind: 'forbidden', status: 403, type: 'application/json', body: /^\{"status":403,"title"/ },
  { kind: 'redirect', status: 302, type: null, body: /^$/, headers: { location: '/moved' } },
  { kind: 'html', status: 200, type: 'text/html', body: /^<html>/ },
  { kind: 'garbage', status: 200, type: 'application/json', body: /\ufffd/ },
  { kind: 'no-content', status: 204, type: null, body: /^$/ },
  {
    kind: 'not-found',
    status: 404,
    type: 'application/json',
    body: /^\{"fault":\{.*"errorcode":"messaging\..+"\}\}\}$/,
  },
  { kind: 'no-interactions', status: 200, type: 'application/json', body: /^\{\}$/ },
  { kind: 'not-an-object', status: 200, type: 'application/json', body: /^\[\]$/ },
  { kind: 'empty', status: 200, type: 'application/json', body: /^$/ },
];

for (const { kind, status, type, body, headers = {} } of replies) {
  test(`${kind}: ${FAULTS[kind].about}`, async () => {
    faults.set(kind);
    const response = await ask();
    assert.equal(response.status, status);
    assert.equal(response.headers.get('content-type'), type);
    assert.match(await response.text(), body);
    for (const [name, value] of Object.entries(headers)) {
      assert.equal(response.headers.get(name), value);
    }
    assert.equal(calls.all.at(-1)?.status, status);
  });
}

test('the seconds of a throttled call can be chosen', async () => {
  faults.set({ kind: 'throttled', retryAfterSeconds: 7 });
  assert.equal((await ask()).headers.get('retry-after'), '7');
  faults.set({ kind: 'throttled-reset', resetAfterSeconds: 30 });
  assert.equal((await ask()).headers.get('x-ratelimit-reset'), String(nowAt / 1_000 + 30));
});

test('truncated: the length is right, the JSON is not', async () => {
  const whole = await (await ask()).text();
  faults.set('truncated');
  const response = await ask();
  const cut = await response.text();
  assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(cut)));
  assert.ok(cut.length > 0 && whole.startsWith(cut) && cut.length < whole.length);
  assert.throws(() => JSON.parse(cut), SyntaxError);
});

test('not-utf8: JSON, but for one text', async () => {
  const whole = await (await ask()).text();
  faults.set('not-utf8');
  const bytes = Buffer.from(await (await ask()).arrayBuffer());
  assert.equal(
    bytes.toString('latin1'),
    `{"note":"caf\xe9",${Buffer.from(whole.slice(1)).toString('latin1')}`,
  );
  assert.throws(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
});

test('partial: nothing but the status is wrong', async () => {
  const whole = await (await ask()).text();
  faults.set('partial');
  const response = await ask();
  assert.equal(response.status, 206);
  assert.equal(await response.text(), whole);
});

test('mislabelled: nothing but the type is wrong', async () => {
  const whole = await (await ask()).text();
  faults.set('mislabelled');
  const response = await ask();
  assert.equal(response.headers.get('content-type'), 'text/plain');
  assert.equal(await response.text(), whole);
});

test('not-http and long-head: no client reads them', async () => {
  for (const [kind, name] of [
    ['not-http', 'HTTPParserError'],
    ['long-head', 'HeadersOverflowError'],
  ] as const) {
    faults.set(kind);
    await assert.rejects(ask(), ({ cause }: Error) => {
      assert.equal((cause as Error).name, name);
      return true;
    });
  }
});

test('wrong-types: some interactions are spoilt, the others are as before', async () => {
  const { interactions: good = [] } = await read();
  faults.set('wrong-types');
  const { interactions: bad = [] } = await read();
  assert.notDeepEqual(bad.slice(0, 5), good.slice(0, 5));
  assert.deepEqual(bad.slice(5, good.length), good.slice(5));
  assert.deepEqual(bad.slice(good.length), [null, 'int-text', 42, [], {}, { interactionId: 17 }]);
});

test('drift: undocumented fields and values beside what was there', async () => {
  faults.set('drift');
  const text = JSON.stringify(await read());
  for (const value of ['VIDEO', 'INTERNAL', 'XCAAS', 'MIXED', 'churn-risk', 'links']) {
    assert.ok(text.includes(value), value);
  }
});

test('wrong-types and drift change summaries too', async () => {
  const ids = CUSTOMERS.ada.email;
  const { interactions = [] } = await read(`${search}${encodeURIComponent(ids)}`);
  const query = interactions
    .map((one) => JSON.stringify(one))
    .map((one) => `interactionId=${/"interactionId":"([^"]+)"/.exec(one)?.[1]}`)
    .join('&');
  const rest = `transcript-summaries?${query}`;
  const good = await read(rest);
  faults.set('wrong-types');
  const bad = await read(rest);
  assert.equal(bad.summaries?.length, (good.summaries?.length ?? 0) + 6);
  assert.notDeepEqual(bad.summaries?.[0], good.summaries?.[0]);
  faults.set('drift');
  assert.match(JSON.stringify(await read(rest)), /"language":"en"/);
});

test('compressed: gzip although identity was asked for', async () => {
  const whole = await (await ask()).text();
  faults.set('compressed');
  const headers = { 'x-api-key': KEYS.acme, 'accept-encoding': 'identity' };
  const response = await ask(ofAda, { headers });
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  assert.equal(await response.text(), whole);
});

test('huge: a whole answer after more bytes than asked for', async () => {
  faults.set({ kind: 'huge', bytes: 200_000 });
  const response = await ask();
  assert.equal(response.headers.get('content-length'), null);
  const answer: Answer = JSON.parse(await response.text());
  assert.ok((answer.padding?.length ?? 0) >= 200_000);
  assert.equal(answer.interactions?.length, 12);
});

test('crumbs: more than so many bytes first, each in a chunk of its own', async () => {
  faults.set({ kind: 'crumbs', bytes: 10_000 });
  const arrived = calls.next();
  const { port } = new URL(sandbox.baseUrls.us);
  const path = `/us/v1/public/tenants/${TENANTS.acme.tenantId}/${ofAda}`;
  const reply = await sendRaw(`http://127.0.0.1:${port}`, ['GET', path], {
    headers: { 'x-api-key': KEYS.acme, connection: 'close' },
  });
  const answer: Answer = JSON.parse(reply.body.toString());
  assert.ok((answer.padding?.length ?? 0) >= 10_000);
  assert.equal(answer.interactions?.length, 12);
  assert.equal(await (await arrived).outcome, 'replied');
});

test('huge: a client that leaves ends it', async () => {
  faults.set({ kind: 'huge', bytes: 2 ** 30 });
  const leave = new AbortController();
  const arrived = calls.next();
  await ask(ofAda, { signal: leave.signal });
  leave.abort();
  assert.equal(await (await arrived).outcome, 'aborted');
});

test('reset: the connection ends before a reply', async () => {
  faults.set('reset');
  const arrived = calls.next();
  await assert.rejects(ask(), (error: Error) => {
    assert.match(String(error.cause), /ECONNRESET|other side closed/);
    return true;
  });
  const call = await arrived;
  assert.equal(await call.outcome, 'aborted');
  assert.equal(call.status, null);
});

test('reset-mid-body: the head is good, the body breaks off', async () => {
  faults.set('reset-mid-body');
  const response = await ask();
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
});

test('slow: a good reply, but late', async () => {
  const whole = await (await ask()).text();
  faults.set({ kind: 'slow', delayMs: 40 });
  const startedAt = performance.now();
  assert.equal(await (await ask()).text(), whole);
  assert.ok(performance.now() - startedAt >= 39);
});

for (const kind of ['slow', 'hang'] as const) {
  test(`${kind}: a client that leaves ends it`, async () => {
    faults.set({ kind, delayMs: 600_000 });
    const leave = new AbortController();
    const arrived = calls.next();
    const reply = ask(ofAda, { signal: leave.signal });
    const call = await arrived;
    leave.abort();
    await assert.rejects(reply, { name: 'AbortError' });
    assert.equal(await call.outcome, 'aborted');
    assert.equal(call.status, null);
  });
}

test('drip: a good reply whose body comes in many pieces', async () => {
  const unknown = `${search}who%40example.com`;
  const whole = await (await ask(unknown)).text();
  faults.set('drip');
  const response = await ask(unknown);
  assert.ok(response.body);
  const pieces: Uint8Array[] = [];
  for await (const piece of response.body) pieces.push(piece);
  assert.ok(pieces.length > 3);
  assert.equal(Buffer.concat(pieces).toString(), whole);
});

test('drip: a client that leaves ends it', async () => {
  faults.set({ kind: 'drip', byteIntervalMs: 600_000 });
  const leave = new AbortController();
  const arrived = calls.next();
  const response = await ask(ofAda, { signal: leave.signal });
  assert.equal(response.status, 200);
  leave.abort();
  assert.equal(await (await arrived).outcome, 'aborted');
});

test('a refusal stays as it is under faults that change the body', async () => {
  for (const kind of [
    'truncated',
    'wrong-types',
    'drift',
    'compressed',
    'huge',
    'crumbs',
    'not-utf8',
  ] as const) {
    faults.set(kind);
    const response = await ask('interactions-insight');
    assert.equal(response.status, 400);
    assert.match(await response.text(), /^\{"status":400,.*\}$/);
  }
});

test('a fault strikes the region and endpoint it is on for, and nothing else', async () => {
  const summaries = 'transcript-summaries?interactionId=a';
  const statuses = async () => [
    (await ask()).status,
    (await ask(summaries)).status,
    (await ask(ofAda, {}, TENANTS.acmeUk)).status,
    (await ask(summaries, {}, TENANTS.acmeUk)).status,
  ];
  faults.set('unavailable', { region: 'us' });
  assert.deepEqual(await statuses(), [503, 503, 200, 200]);
  faults.set('forbidden', { endpoint: 'summaries' });
  assert.deepEqual(await statuses(), [503, 403, 200, 403]);
  faults.set('bad-gateway', { region: 'uk', endpoint: 'interactions' });
  assert.deepEqual(await statuses(), [503, 403, 502, 403]);
  faults.set(null, { region: 'uk' });
  assert.deepEqual(await statuses(), [503, 403, 200, 403]);
  faults.set('server-error', { region: 'us' });
  assert.deepEqual(await statuses(), [500, 500, 200, 403]);
  faults.set(null);
  assert.deepEqual(await statuses(), [200, 200, 200, 200]);
  assert.deepEqual(faults.list(), []);
});

test('a fault for the next calls is over after them', async () => {
  faults.set('server-error', { times: 2 });
  assert.equal((await ask()).status, 500);
  assert.deepEqual(faults.list(), [{ fault: { kind: 'server-error' }, times: 1 }]);
  assert.equal((await ask()).status, 500);
  assert.equal((await ask()).status, 200);
  assert.deepEqual(faults.list(), []);
});

test('a fault for the next calls goes before one that stays', async () => {
  faults.set('unavailable');
  faults.set('server-error', { endpoint: 'interactions', times: 1 });
  assert.equal((await ask()).status, 500);
  assert.equal((await ask()).status, 503);
});
