// Every problem of the contract that this version can have, reached over the wire.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { PROBLEMS, type ProblemSlug } from '../../src/domain/problem.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { createClock } from '../support/clock.ts';
import { type Service, startService } from '../support/service.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;

interface Told {
  readonly status: number;
  readonly type: string | null;
  readonly cacheControl: string | null;
  readonly retryAfter: string | null;
  readonly problem: Readonly<Record<string, unknown>>;
}

async function read(reply: Response): Promise<Told> {
  return {
    status: reply.status,
    type: reply.headers.get('content-type'),
    cacheControl: reply.headers.get('cache-control'),
    retryAfter: reply.headers.get('retry-after'),
    problem: (await reply.json()) as Record<string, unknown>,
  };
}

/** Sends bytes that `fetch` would not, and reads the reply. */
async function sendRaw(url: string, bytes: string): Promise<Response> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  // Refused before all is sent, the rest may meet a closed connection.
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  const [head = '', body = ''] = Buffer.concat(parts).toString().split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = lines.map((each): [string, string] => {
    const colon = each.indexOf(':');
    return [each.slice(0, colon), each.slice(colon + 1).trim()];
  });
  return new Response(body, { status: Number(line.split(' ')[1]), headers });
}

function assertProblem(told: Told, slug: ProblemSlug, label: string = slug): void {
  const { status, title } = PROBLEMS[slug];
  assert.equal(told.problem.type, `/problems/${slug}`, label);
  assert.equal(told.status, status, label);
  assert.equal(told.problem.status, status, label);
  assert.equal(told.problem.title, title, label);
  assert.equal(typeof told.problem.detail, 'string', label);
  assert.match(String(told.problem.instance), /^[A-Za-z0-9._-]{1,128}$/, label);
  assert.equal(told.type, 'application/problem+json', label);
  assert.equal(told.cacheControl, 'no-store', label);
  if (status === 429 || status === 503) {
    const seconds = Number(told.retryAfter);
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 600, label);
  } else {
    assert.equal(told.retryAfter, null, label);
  }
}

test('what callers do wrong', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 7, per: '1m' } } });
  const { url, ask, post } = service;
  const rows: readonly (readonly [ProblemSlug, () => Promise<Response>])[] = [
    ['malformed-request', () => ask('/problems/%zz')],
    ['malformed-request', () => sendRaw(url, 'NOT HTTP\r\n\r\n')],
    ['not-found', () => ask('/v1/nothing')],
    ['method-not-allowed', () => ask('/v1/customer', { method: 'PUT' })],
    ['unauthenticated', () => fetch(url + ADA)],
    ['headers-too-large', () => sendRaw(url, `GET / HTTP/1.1\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`)],
    ['body-too-large', () => post('/v1/customer', { email: 'a'.repeat(70_000) })],
    [
      'unsupported-media-type',
      () => post('/v1/customer', 'x', { headers: { 'content-type': 'text/plain' } }),
    ],
    ['invalid-request', () => ask(`${ADA}&crmId=none`)],
    ['invalid-request', () => post('/v1/customer', '{')],
    ['forbidden', () => ask('/v1/customer?tenant=nobody&email=a@b.example')],
    ['forbidden', () => ask(ADA, { headers: { authorization: `Bearer ${service.keys.mobile}` } })],
  ];
  for (const [slug, request] of rows) assertProblem(await read(await request()), slug);

  assert.equal((await ask(ADA)).status, 200);
  const cut = await ask('/v1/summaries?tenant=acme&interactionId=a', { method: 'HEAD' });
  assert.equal(cut.status, 200);
  const refused = await read(await ask(ADA));
  assertProblem(refused, 'quota-exceeded');
  assert.deepEqual(refused.problem['violated-policies'], ['app']);
});

test('a fault of this service', async (t) => {
  let isBroken = false;
  const service = await startService(t, {
    now: () => {
      if (isBroken) throw new Error('The clock is broken');
      return Date.now();
    },
  });
  isBroken = true;
  const told = await read(await service.ask(ADA));
  isBroken = false;
  assertProblem(told, 'internal-error');
  assert.doesNotMatch(JSON.stringify(told.problem), /clock/i);
  assert.match(service.logs(), /"event":"internal-error".*"stack":\["at /);
});

test('a process that closes', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('hang');
  const call = service.sandbox.calls.next();
  const hanging = service.ask(ADA);
  await call;
  const drained = service.app.drain({ delayMs: 0, graceMs: 60_000 });
  assertProblem(await read(await fetch(`${service.opsUrl}/readyz`)), 'overloaded');

  // The work under way is finished, not cut.
  await service.sandbox.close();
  assertProblem(await read(await hanging), 'upstream-unavailable');
  await drained;
});

test('an answer that is late is a failure of the connection; one that never comes a timeout', async (t) => {
  for (const [deadline, attemptTimeout, slug] of [
    // Two attempts, and a wait of 125 ms between them.
    ['10s', '150ms', 'upstream-unavailable'],
    ['400ms', '250ms', 'upstream-timeout'],
    ['400ms', '10s', 'upstream-timeout'],
  ] as const) {
    const upstream = { deadline, attemptTimeout };
    const service = await startService(t, { sections: { upstream } });
    for (const kind of ['hang', 'drip'] as const) {
      service.sandbox.faults.set({ kind, byteIntervalMs: 1_000 });
      assertProblem(await read(await service.ask(ADA)), slug, kind);
    }
    service.sandbox.faults.set(null);
    assert.equal((await service.ask(ADA)).status, 200);
  }
});

test('what 8x8 says about waiting is passed on, within bounds', async (t) => {
  const clock = createClock(Date.now());
  const service = await startService(t, { now: clock.now, sandbox: { now: clock.now } });
  const retryAfter = async (fault: Fault): Promise<string | null> => {
    service.sandbox.faults.set(fault);
    const told = await read(await service.ask(ADA));
    // The pause that 8x8 asks for is over.
    clock.pass(86_400_000);
    assertProblem(told, 'upstream-throttled');
    return told.retryAfter;
  };
  assert.equal(await retryAfter({ kind: 'throttled', retryAfterSeconds: 30 }), '30');
  assert.equal(await retryAfter({ kind: 'throttled', retryAfterSeconds: 0 }), '1');
  assert.equal(await retryAfter({ kind: 'throttled', retryAfterSeconds: 86_400 }), '600');
  const reset = Number(await retryAfter({ kind: 'throttled-reset', resetAfterSeconds: 40 }));
  assert.ok(reset >= 38 && reset <= 40, String(reset));
  assert.equal(await retryAfter({ kind: 'throttled-reset', resetAfterSeconds: 9_999 }), '600');
  assert.equal(await retryAfter({ kind: 'gateway-quota' }), '5');
});

const REFUSABLE: Readonly<Record<string, (service: Service) => Promise<Response>>> = {
  'a search': ({ ask }) => ask(ADA),
  'a search that includes summaries': ({ ask }) => ask(`${ADA}&include=summaries`),
  summaries: ({ ask }) => ask('/v1/summaries?tenant=acme&interactionId=a&interactionId=b'),
};

for (const [name, request] of Object.entries(REFUSABLE)) {
  test(`a refusal of ${name} is remembered for 30 seconds`, async (t) => {
    let at = Date.now();
    const service = await startService(t, { now: () => at });
    service.sandbox.faults.set('refused');
    for (const laterMs of [0, 1, 29_998]) {
      at += laterMs;
      assertProblem(await read(await request(service)), 'rejected-by-upstream');
    }
    assert.equal(service.sandbox.calls.received, 1);

    service.sandbox.faults.set(null);
    at += 1;
    assert.equal((await request(service)).status, 200);
    assert.ok(service.sandbox.calls.received > 1);
  });
}

test('a refusal is that of one search alone', async (t) => {
  const service = await startService(t);
  service.sandbox.faults.set('refused', { times: 1 });
  assert.equal((await service.ask(ADA)).status, 400);
  assert.equal((await service.ask(`${ADA}&last=P1D`)).status, 200);
  const inOtherTenant = ADA.replace('tenant=acme', 'tenant=acme-uk');
  assert.equal((await service.ask(inOtherTenant)).status, 200);
});
