// Many customers in one request: each with a status of its own, in order, and 8x8 asked no more than is needed.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { z } from 'zod';
import type { batchSchema } from '../../src/edge/batch-schemas.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createClock } from '../support/clock.ts';
import { createGate } from '../support/gate.ts';
import {
  assertProblem,
  connectRaw,
  faultsIn,
  type RawConnection,
  type RawReply,
  requestBytes,
  sendRaw,
} from '../support/raw-http.ts';
import { type Service, type ServiceOptions, startService } from '../support/service.ts';

const PATH = '/v1/customers';
const START = Date.UTC(2026, 5, 15, 12, 0, 30);
/** So many customers of a batch are asked for at once. */
const AT_ONCE = 16;

type Headers = Readonly<Record<string, string>>;
type Entry = z.infer<typeof batchSchema>['customers'][number];

const { ada, busy, grace, none } = CUSTOMERS;

/** Customers whom 8x8 does not know. */
function strangers(count: number, name = 'stranger'): readonly { readonly contactId: string }[] {
  return Array.from({ length: count }, (_, index) => ({ contactId: `${name}-${index}` }));
}

/** Sends a batch as the app `desk`. */
function send({ url, keys }: Service, body: unknown, headers: Headers = {}): Promise<RawReply> {
  return sendRaw(url, ['POST', PATH], {
    headers: {
      Authorization: `Bearer ${keys.desk}`,
      'Content-Type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Asks for customers of the tenant `acme`. */
async function ask(
  service: Service,
  customers: readonly unknown[],
  headers: Headers = {},
): Promise<readonly Entry[]> {
  return entriesIn(await send(service, { tenant: 'acme', customers }, headers));
}

/** Asks for customers of the tenant `acme` on a connection that stays open. */
async function sendAndStay(
  { url, keys }: Service,
  customers: readonly unknown[],
  headers: Headers = {},
): Promise<RawConnection> {
  const connection = await connectRaw(url);
  const request = {
    headers: { 'Content-Type': 'application/json', 'X-App-Key': keys.desk, ...headers },
    body: JSON.stringify({ tenant: 'acme', customers }),
  };
  connection.write(requestBytes('POST', PATH, request));
  return connection;
}

function entriesIn({ status, body }: Pick<RawReply, 'status' | 'body'>): readonly Entry[] {
  assert.equal(status, 200);
  const whole = JSON.parse(body.toString());
  assert.deepEqual(Object.keys(whole), ['customers']);
  return whole.customers;
}

const statusOf = ({ status }: Entry) => status;

function customerOf(entry: Entry | undefined): string {
  assert.ok(entry && 'body' in entry);
  return entry.body.customer.value;
}

function slugOf(entry: Entry | undefined): string {
  assert.ok(entry && 'problem' in entry);
  assert.equal(entry.problem.status, entry.status);
  return entry.problem.type.replace('/problems/', '');
}

/** `parameter code` of each fault. */
function faultsOf(entry: Entry | undefined): readonly string[] {
  assert.equal(slugOf(entry), 'invalid-request');
  assert.ok(entry && 'problem' in entry);
  return (entry.problem.errors ?? []).map(({ parameter, code }) => `${parameter} ${code}`);
}

/** A service whose calls to 8x8 wait until they are let through. */
async function startGated(t: TestContext, options: ServiceOptions = {}) {
  const sandbox = await createSandbox();
  t.after(sandbox.close);
  const gate = await createGate(t, sandbox);
  const regions = gate.baseUrls;
  const service = await startService(t, { ...options, shared: sandbox, sections: { regions } });
  return { service, gate };
}

test('each customer is answered as it is alone, from the same entry, with its age', async (t) => {
  const { now, pass } = createClock(START);
  const service = await startService(t, { now, sandbox: { now } });
  const query = `tenant=acme&contactId=${ada.contactId}`;
  const alone = await (await service.ask(`/v1/customer?${query}`)).text();
  pass(20_999);
  const asked = [{ contactId: ada.contactId }, { email: busy.email, fields: ['channel'] }];
  const reply = await send(service, { tenant: 'acme', customers: asked });
  const [first, second] = entriesIn(reply);
  assert.ok(reply.body.toString().includes(`{"status":200,"age":20,"body":${alone}}`));
  assert.equal(first?.status, 200);
  assert.ok(second && 'body' in second);
  assert.equal(second.age, 0);
  assert.deepEqual(Object.keys(second.body.interactions[0] ?? {}), ['id', 'channel']);
  // What was fetched for a batch is there for all.
  await service.ask(`/v1/customer?tenant=acme&email=${busy.email}`);
  assert.equal(service.sandbox.calls.received, 2);
});

test('a reply is not kept, and has the headers of a request that counted', async (t) => {
  const service = await startService(t);
  const { headers } = await send(service, { tenant: 'acme', customers: [{ email: ada.email }] });
  assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('vary'), 'Authorization, X-App-Key, Accept-Encoding, Origin');
  assert.match(headers.get('ratelimit') ?? '', /^"app";r=9999;t=60$/);
  assert.ok(headers.has('x-request-id'));
  for (const name of ['etag', 'age', 'cache-status']) assert.ok(!headers.has(name), name);
});

test('the order is kept, in which order ever the answers come', async (t) => {
  const { service, gate } = await startGated(t);
  const warm = [none, grace, busy].map(({ contactId }) => ({ contactId }));
  gate.open();
  await ask(service, warm);
  gate.shut();
  const cold = [{ contactId: 'cold-1' }, { contactId: 'cold-2' }];
  service.events.clear();
  const mixed = [cold[0], warm[0], { email: 'x' }, warm[1], cold[1], warm[2]];
  const asked = ask(service, mixed);
  // All others are answered when the first one still waits.
  await service.events.nth('cache-read', warm.length);
  await gate.nth(warm.length + cold.length);
  gate.open();
  const entries = await asked;
  assert.deepEqual(faultsOf(entries[2]), ['email email-invalid']);
  assert.deepEqual(entries.filter((entry) => 'body' in entry).map(customerOf), [
    'cold-1',
    none.contactId,
    grace.contactId,
    'cold-2',
    busy.contactId,
  ]);
});

test('one customer in several spellings is one question', async (t) => {
  const { service, gate } = await startGated(t);
  const spellings = [
    { phoneNumber: busy.phoneNumber },
    { phoneNumber: '(415) 555-0140' },
    { customer: 'tel:+1-415-555-0140', last: 'P12M' },
    { customer: 'phone:0014155550140', last: 'P1Y' },
  ];
  const asked = ask(service, [...spellings, ...strangers(30), ...spellings]);
  await gate.nth(1);
  gate.open();
  const entries = await asked;
  assert.equal(gate.arrived, 31);
  const same = [...entries.slice(0, 4), ...entries.slice(-4)];
  for (const entry of same) assert.deepEqual(entry, entries[0]);
  assert.equal(customerOf(entries[0]), busy.phoneNumber);
  // Each was looked for once, not found once and then joined or kept.
  assert.equal(service.events.of('cache-read').length, 31);
  assert.equal(service.events.of('flight-joined').length, 0);
});

test('another view of one customer is no call of its own', async (t) => {
  const service = await startService(t);
  const { email } = ada;
  const [whole, few] = await ask(service, [{ email }, { email, fields: ['channel'] }]);
  assert.ok(whole && 'body' in whole && few && 'body' in few);
  assert.ok(Object.keys(whole.body.interactions[0] ?? {}).length > 2);
  assert.deepEqual(Object.keys(few.body.interactions[0] ?? {}), ['id', 'channel']);
  assert.equal(service.sandbox.calls.received, 1);
});

test('a few are asked for at a time, the next as places become free', async (t) => {
  const { service, gate } = await startGated(t);
  const asked = ask(service, strangers(100));
  await gate.nth(AT_ONCE);
  // Who else asks is not kept waiting, and comes after all that the batch has begun.
  const other = service.ask('/v1/customer?tenant=acme&contactId=somebody');
  await gate.nth(AT_ONCE + 1);
  assert.equal(service.events.of('flight-begun').length, AT_ONCE + 1);
  gate.open();
  assert.equal((await other).status, 200);
  assert.equal((await asked).length, 100);
  assert.equal(gate.arrived, 101);
});

for (const coding of ['identity', 'gzip', 'br']) {
  test(`who goes away ends what is not begun, and what is, is kept: ${coding}`, async (t) => {
    const { service, gate } = await startGated(t);
    const customers = strangers(100);
    const connection = await sendAndStay(service, customers, { 'Accept-Encoding': coding });
    await gate.nth(AT_ONCE);
    connection.leave();
    assert.equal((await service.events.nth('request', 1)).outcome, 'aborted');
    gate.open();
    await service.events.nth('cache-read', AT_ONCE);
    await ask(service, customers.slice(0, AT_ONCE));
    assert.equal(gate.arrived, AT_ONCE);
    // Nobody is to blame.
    assert.deepEqual(service.events.of('internal-error'), []);
  });
}

test('who goes away in the middle of the answer ends it, too', async (t) => {
  const { service, gate } = await startGated(t);
  gate.open();
  const [warm = {}] = strangers(1, 'warm');
  await ask(service, [warm]);
  gate.shut();
  const customers = strangers(99);
  const connection = await sendAndStay(service, [warm, ...customers]);
  // The first customer is on its way, and has made room for another.
  await gate.nth(1 + AT_ONCE);
  connection.leave();
  await service.events.nth('request', 2);
  gate.open();
  await service.events.nth('cache-read', 2 + AT_ONCE);
  await ask(service, customers.slice(0, AT_ONCE));
  assert.equal(gate.arrived, 1 + AT_ONCE);
  assert.deepEqual(service.events.of('internal-error'), []);
});

test('who goes away does not end what others wait for', async (t) => {
  const { service, gate } = await startGated(t);
  const customers = strangers(3);
  const connection = await sendAndStay(service, customers);
  await gate.nth(3);
  const other = ask(service, customers);
  await service.events.nth('flight-joined', 3);
  connection.leave();
  await service.events.nth('request', 1);
  gate.open();
  assert.deepEqual((await other).map(statusOf), [200, 200, 200]);
  assert.equal(gate.arrived, 3);
});

test('each customer has faults of its own, and fails no other', async (t) => {
  const service = await startService(t);
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    [{}, ['customer identity-missing']],
    [{ email: 'x', last: 'soon' }, ['email email-invalid', 'last duration-invalid']],
    [{ email: ada.email, contactId: 'x' }, ['contactId identity-conflict']],
    [{ email: null }, ['email parameter-type']],
    [{ email: ada.email, tenant: 'acme' }, ['tenant parameter-unknown']],
    [{ email: ada.email, history: 'complete' }, ['history parameter-unknown']],
    [
      { email: ada.email, limit: 5, cursor: 'x' },
      ['limit parameter-unknown', 'cursor parameter-unknown'],
    ],
    [{ email: ada.email, include: 'summaries' }, ['include parameter-type']],
    [{ email: ada.email, fields: ['nothing'] }, ['fields field-unknown']],
    [null, ['customers parameter-type']],
    ['zaphod@marked.example', ['customers parameter-type']],
    [7, ['customers parameter-type']],
    [[{ email: ada.email }], ['customers parameter-type']],
  ];
  const good = { email: ada.email };
  const entries = await ask(
    service,
    rows.flatMap(([customer]) => [customer, good]),
  );
  assert.equal(entries.length, 2 * rows.length);
  for (const [index, [, faults]] of rows.entries()) {
    assert.deepEqual(faultsOf(entries[2 * index]), faults);
    assert.equal(entries[2 * index]?.status, 400);
    assert.deepEqual(entries[2 * index + 1], entries[1]);
  }
  assert.equal(customerOf(entries[1]), ada.email.toLowerCase());
  assert.equal(service.sandbox.calls.received, 1);
});

const FAULTS: readonly (readonly [FaultKind, number, string, number?])[] = [
  ['unauthorized', 502, 'upstream-misconfigured'],
  ['html', 502, 'upstream-invalid'],
  ['throttled', 503, 'upstream-throttled', 9],
  ['server-error', 503, 'upstream-unavailable', 5],
  ['refused', 400, 'rejected-by-upstream'],
  ['hang', 504, 'upstream-timeout'],
];

for (const [kind, status, slug, retryAfter] of FAULTS) {
  test(`what 8x8 does to one customer is that one's status: ${kind}`, async (t) => {
    const upstream = { deadline: '300ms', attemptTimeout: '300ms' };
    const service = await startService(t, { sections: { upstream } });
    const warm = [{ contactId: 'warm-1' }, { contactId: 'warm-2' }];
    await ask(service, warm);
    service.sandbox.calls.clear();
    service.sandbox.faults.set({ kind, retryAfterSeconds: 9 });
    const [first, failed, last] = await ask(service, [warm[0], { contactId: 'cold' }, warm[1]]);
    assert.deepEqual([first, last].map(customerOf), ['warm-1', 'warm-2']);
    assert.equal(slugOf(failed), slug);
    assert.ok(failed && 'problem' in failed);
    assert.equal(failed.status, status);
    assert.equal(failed.retryAfter, retryAfter);
    const { outcome, reason, status: whole } = await service.events.nth('request', 2);
    assert.deepEqual([whole, outcome, reason], [200, 'incomplete', slug]);
  });
}

test('summaries need their scope, customer by customer, and are hidden where they are', async (t) => {
  const { email } = ada;
  const customers = [{ email, include: ['summaries'] }, { email }];
  const granted = await startService(t);
  const [joined, plain] = await ask(granted, customers);
  assert.ok(joined && 'body' in joined && joined.body.summaryFailures);
  assert.ok(joined.body.interactions.some(({ summary }) => summary));
  assert.ok(plain && 'body' in plain && plain.body.summaryFailures === undefined);

  const { sandbox: shared } = granted;
  const reader = await startService(t, { desk: { scopes: ['read'] }, shared });
  const [refused, read] = await ask(reader, customers);
  assert.equal(refused?.status, 403);
  assert.equal(slugOf(refused), 'forbidden');
  assert.equal(customerOf(read), email.toLowerCase());

  const hiding = await startService(t, { desk: { hide: ['summary'] }, shared });
  const entries = await ask(hiding, customers);
  assert.deepEqual(entries[0], entries[1]);
  assert.doesNotMatch(JSON.stringify(entries), /"summary/);
});

test('a hidden field is in no answer of a batch', async (t) => {
  const service = await startService(t, { desk: { hide: ['address', 'contactId'] } });
  const { email } = ada;
  const entries = await ask(service, [{ email }, { email, fields: ['address', 'channel'] }]);
  const [whole, few] = entries;
  assert.ok(whole && 'body' in whole && few && 'body' in few);
  assert.ok(whole.body.interactions.length > 0);
  assert.deepEqual(Object.keys(few.body.interactions[0] ?? {}), ['id', 'channel']);
  assert.equal(whole.body.customer.value, email.toLowerCase());
  const text = JSON.stringify(entries);
  assert.doesNotMatch(text, /"address"|"contactId"/);
  assert.ok(!text.includes(ada.phoneNumber) && !text.includes(ada.contactId));
});

test('a batch is for one tenant that is granted, and needs the scope read', async (t) => {
  const service = await startService(t, { other: { scopes: ['summaries'] } });
  const { keys } = service;
  const customers = [{ email: ada.email }];
  const as = (key: string, body: object) => send(service, body, { Authorization: `Bearer ${key}` });
  assert.deepEqual(faultsIn(await as(keys.desk, { customers })), ['tenant tenant-required']);
  assertProblem(await as(keys.desk, { tenant: 'nobody', customers }), 'forbidden');
  assertProblem(await as(keys.mobile, { tenant: 'acme', customers: 7 }), 'forbidden');
  assertProblem(await as(keys.other, { tenant: 'acme', customers }), 'forbidden');
  assertProblem(await as('x', { tenant: 'acme', customers }), 'unauthenticated');
  assert.equal(service.sandbox.calls.received, 0);
  const [entry] = entriesIn(await as(keys.mobile, { customers }));
  assert.ok(entry && 'body' in entry);
  assert.equal(entry.body.tenant, 'globex');
  assert.doesNotMatch(JSON.stringify(entry), /"address"/);
});

test('1 to 100 customers in an array, and nothing beside them but the tenant', async (t) => {
  const service = await startService(t);
  for (const count of [1, 100]) assert.equal((await ask(service, strangers(count))).length, count);
  service.sandbox.calls.clear();
  const tenant = 'acme';
  const fresh = strangers(101, 'fresh');
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ tenant }, ['customers ids-count']],
    [{ tenant, customers: [] }, ['customers ids-count']],
    [{ tenant, customers: fresh }, ['customers ids-count']],
    [{ tenant, customers: null }, ['customers parameter-type']],
    [{ tenant, customers: { 0: fresh[0] } }, ['customers parameter-type']],
    [{ tenant, customers: 'x' }, ['customers parameter-type']],
    [
      { tenant, customers: [], email: 'x', last: 'P1Y' },
      ['customers ids-count', 'email parameter-unknown', 'last parameter-unknown'],
    ],
  ];
  for (const [body, faults] of rows) assert.deepEqual(faultsIn(await send(service, body)), faults);
  assert.equal(service.sandbox.calls.received, 0);
});

test('a key that stands twice in a customer is a fault of the body', async (t) => {
  const service = await startService(t);
  const bodies = [
    '{"tenant":"acme","customers":[{"email":"a@b.example","email":"c@d.example"}]}',
    '{"tenant":"acme","customers":[{"contactId":"a"},{"contactId":"a","contact\\u0049d":"b"}]}',
    '{"tenant":"acme","customers":[{"contactId":"a"}],"tenant":"acme"}',
    '{"tenant":"acme","customers":[{"__proto__":{"contactId":"a"}}]}',
  ];
  for (const body of bodies) {
    assert.deepEqual(faultsIn(await send(service, body)), ['body body-invalid'], body);
  }
  assert.equal(service.sandbox.calls.received, 0);
});

test('POST is the only method, without a query string', async (t) => {
  const { url, keys } = await startService(t);
  const headers = {
    Authorization: `Bearer ${keys.desk}`,
    'Content-Type': 'application/json',
  };
  const body = JSON.stringify({ tenant: 'acme', customers: strangers(1) });
  for (const method of ['GET', 'QUERY', 'DELETE', 'PUT']) {
    const reply = await sendRaw(url, [method, PATH], { headers, body });
    assertProblem(reply, 'method-not-allowed', method);
    assert.equal(reply.headers.get('allow'), 'POST, OPTIONS');
  }
  const split = await sendRaw(url, ['POST', `${PATH}?tenant=acme`], { headers, body });
  assert.deepEqual(faultsIn(split), ['body parameter-conflict']);
});

test('a batch costs as many as it has customers; what does not fit is refused whole', async (t) => {
  const { now } = createClock(START);
  const service = await startService(t, { now, desk: { quota: { requests: 10, per: '1m' } } });
  const tenant = 'acme';
  const left = ({ headers }: RawReply) => headers.get('ratelimit');
  assert.equal(left(await send(service, { tenant, customers: strangers(1) })), '"app";r=9;t=60');
  // A customer that is named twice is asked for once, and yet two of the batch; so is a faulty one.
  const [one] = strangers(1, 'twice');
  const reply = await send(service, { tenant, customers: [one, one, { email: 'x' }] });
  assert.equal(left(reply), '"app";r=6;t=60');
  service.sandbox.calls.clear();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const refused = await send(service, { tenant, customers: strangers(7, 'new') });
    assertProblem(refused, 'quota-exceeded');
    assert.equal(left(refused), '"app";r=6;t=60');
    assert.equal(refused.headers.get('retry-after'), '60');
  }
  assert.equal(service.sandbox.calls.received, 0);
  const never = await send(service, { tenant, customers: strangers(11, 'new') });
  assert.deepEqual(faultsIn(never), ['customers cost-above-quota']);
  assert.equal(left(never), '"app";r=5;t=60');
  assert.equal(service.sandbox.calls.received, 0);
  const fitting = await send(service, { tenant, customers: strangers(5, 'new') });
  assert.equal(entriesIn(fitting).length, 5);
  assert.equal(left(fitting), '"app";r=0;t=60');
  assertProblem(await send(service, { tenant, customers: strangers(1) }), 'quota-exceeded');
});

test('a reply comes in the coding that the caller likes best', async (t) => {
  const service = await startService(t, { now: createClock(START).now });
  const body = { tenant: 'acme', customers: [{ email: busy.email }, { email: 'x' }] };
  const plain = await send(service, body, { 'X-Request-Id': 'one' });
  assert.ok(!plain.headers.has('content-encoding'));
  const decode = { br: brotliDecompressSync, gzip: gunzipSync };
  for (const coding of ['br', 'gzip'] as const) {
    const coded = await send(service, body, { 'Accept-Encoding': coding, 'X-Request-Id': 'one' });
    assert.equal(coded.headers.get('content-encoding'), coding);
    assert.ok(coded.body.length < plain.body.length / 2);
    assert.deepEqual(decode[coding](coded.body), plain.body);
  }
  assert.equal(service.sandbox.calls.received, 1);
});

test('a refresh asks for each customer anew, once; without its scope it is ignored', async (t) => {
  const granted = await startService(t);
  const customers = [{ email: busy.email }, ...strangers(20), { email: busy.email }];
  const noCache = { 'Cache-Control': 'no-cache' };
  await ask(granted, customers);
  granted.sandbox.calls.clear();
  await ask(granted, customers, noCache);
  assert.equal(granted.sandbox.calls.received, 21);

  const reader = await startService(t, { desk: { scopes: ['read'] } });
  await ask(reader, customers);
  await ask(reader, customers, noCache);
  assert.equal(reader.sandbox.calls.received, 21);
});

test('nothing of a customer is in problems or logs', async (t) => {
  const service = await startService(t);
  const mark = 'qzvmark7';
  const entries = await ask(service, [
    mark,
    { email: mark },
    { phoneNumber: mark, crmId: mark },
    { customer: mark, startTime: mark },
    { contactId: mark, fields: [mark], include: [mark] },
    { contactId: 'x', [`${mark}@b.example`]: mark },
  ]);
  for (const entry of entries) assert.equal(slugOf(entry), 'invalid-request');
  assert.doesNotMatch(JSON.stringify(entries), /qzvmark7/);
  await ask(service, [{ contactId: mark }, { email: `${mark}@b.example` }]);
  assert.doesNotMatch(service.logs(), /qzvmark7/);
});
