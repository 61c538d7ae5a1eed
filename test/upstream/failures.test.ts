// Every way in which the vendor can fail, over real sockets, and the problem that callers are told.
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { Problem, type ProblemSlug } from '../../src/domain/problem.ts';
import { pipe } from '../../src/domain/source.ts';
import { deadline } from '../../src/resilience/deadline.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { FAULTS, type Fault, type FaultKind } from '../../src/sandbox/faults.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { KEYS } from '../../src/sandbox/tenants.ts';
import { attempt } from '../../src/upstream/attempt.ts';
import { createUpstreamClient } from '../../src/upstream/client.ts';
import { createEightByEight } from '../../src/upstream/eight-by-eight.ts';
import { parseJson, responseProblem, transportProblem } from '../../src/upstream/failures.ts';
import { createEventLog } from '../support/events.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';

const sandbox = await createSandbox({ now: () => NOW });
const events = createEventLog();
const client = createUpstreamClient({
  baseUrls: sandbox.baseUrls,
  connections: 4,
  maxResponseBytes: 300_000,
  connectTimeoutMs: 5_000,
});
const { interactions, summaries } = createEightByEight({
  client,
  keysOf: () => [KEYS.acme],
  now: () => NOW,
  emit: events.add,
});
afterEach(() => {
  sandbox.faults.set(null);
  sandbox.calls.clear();
  events.clear();
});
after(async () => {
  await client.close();
  await sandbox.close();
});

const LONG_MS = 60_000;
const context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set<string>(), coding: null },
};
const { query } = readQuery(`email=${CUSTOMERS.ada.email}`, {
  tenant: tenantWith({ emailCaseSensitive: true }),
});

async function ask({ deadlineMs = LONG_MS, timeoutMs = LONG_MS } = {}) {
  const attempts = { timeoutMs, keyCount: () => 1, emit: events.add };
  const source = pipe(
    deadline<typeof query, Awaited<ReturnType<typeof interactions>>>(deadlineMs),
    attempt(attempts),
  )(interactions);
  return source(query, context);
}

async function problemOf(asking: Promise<unknown>): Promise<Problem> {
  try {
    await asking;
  } catch (error) {
    assert.ok(error instanceof Problem);
    return error;
  }
  return assert.fail('no problem');
}

/** What callers are told, and the reason that the operator is told. */
const problems = {
  throttled: ['upstream-throttled', 'status 429'],
  'throttled-reset': ['upstream-throttled', 'status 429'],
  'gateway-quota': ['upstream-throttled', 'status 500'],
  'gateway-token': ['upstream-misconfigured', 'status 401'],
  'server-error': ['upstream-unavailable', 'status 500'],
  'bad-gateway': ['upstream-unavailable', 'status 502'],
  unavailable: ['upstream-unavailable', 'status 503'],
  refused: ['rejected-by-upstream', 'status 400'],
  unauthorized: ['upstream-misconfigured', 'status 401'],
  forbidden: ['upstream-misconfigured', 'status 403'],
  redirect: ['upstream-invalid', 'status 302'],
  'not-found': ['upstream-invalid', 'status 404'],
  'no-content': ['upstream-invalid', 'status 204'],
  partial: ['upstream-invalid', 'status 206'],
  html: ['upstream-invalid', 'not the contract'],
  garbage: ['upstream-invalid', 'not the contract'],
  'not-utf8': ['upstream-invalid', 'not the contract'],
  'not-http': ['upstream-invalid', 'HTTPParserError'],
  'long-head': ['upstream-invalid', 'UND_ERR_HEADERS_OVERFLOW'],
  'no-interactions': ['upstream-invalid', 'not the contract'],
  'not-an-object': ['upstream-invalid', 'not the contract'],
  empty: ['upstream-invalid', 'not the contract'],
  truncated: ['upstream-invalid', 'not the contract'],
  compressed: ['upstream-invalid', 'not the contract'],
  crumbs: ['upstream-invalid', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'],
  huge: ['upstream-invalid', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'],
  reset: ['upstream-unavailable', 'ECONNRESET'],
  'reset-mid-body': ['upstream-unavailable', 'ECONNRESET'],
} as const satisfies Partial<Record<FaultKind, readonly [ProblemSlug, string]>>;

/** Those that need a time, or are no failure. */
const others: readonly FaultKind[] = [
  'hang',
  'slow',
  'drip',
  'wrong-types',
  'drift',
  'mislabelled',
];

test('no fault is left out', () => {
  assert.deepEqual(
    [...Object.keys(problems), ...others].toSorted(),
    Object.keys(FAULTS).toSorted(),
  );
});

for (const kind of Object.keys(problems) as (keyof typeof problems)[]) {
  const [slug, reason] = problems[kind];
  test(`${kind} (${FAULTS[kind].about}) is ${slug}`, async () => {
    sandbox.faults.set(kind);
    assert.equal((await problemOf(ask())).slug, slug);
    assert.deepEqual(events.of('upstream-call'), [
      {
        type: 'upstream-call',
        tenant: 'acme',
        region: 'us',
        endpoint: 'interactions',
        outcome: slug,
        reason,
        priority: 'caller',
        durationMs: 0,
      },
    ]);
    // One call: no redirect is followed, nothing is tried again here.
    assert.equal(sandbox.calls.received, 1);
    const isOurs = slug === 'upstream-misconfigured';
    assert.equal(events.of('upstream-refused-key').length, isOurs ? 1 : 0);
    sandbox.faults.set(null);
    assert.ok((await ask()).interactions.length > 0, 'the next call works');
  });
}

for (const fault of [{ kind: 'hang' }, { kind: 'slow', delayMs: LONG_MS }] satisfies Fault[]) {
  test(`${fault.kind}: an attempt that takes too long is a failed connection`, async () => {
    sandbox.faults.set(fault);
    assert.equal((await problemOf(ask({ timeoutMs: 50 }))).slug, 'upstream-unavailable');
    assert.equal(events.of('upstream-call')[0]?.reason, 'TimeoutError');
  });

  test(`${fault.kind}: past the deadline of the answer it is a timeout`, async () => {
    sandbox.faults.set(fault);
    assert.equal((await problemOf(ask({ deadlineMs: 50 }))).slug, 'upstream-timeout');
  });
}

test('a call that is given up ends on the wire too', async () => {
  sandbox.faults.set('hang');
  const giveUp = new AbortController();
  const arrived = sandbox.calls.next();
  const problem = problemOf(interactions(query, { ...context, signal: giveUp.signal }));
  const call = await arrived;
  giveUp.abort();
  assert.equal((await problem).slug, 'upstream-unavailable');
  assert.equal(await call.outcome, 'aborted');
});

test('a body that drips does not outlast the attempt, though each byte is in time', async () => {
  sandbox.faults.set({ kind: 'drip', byteIntervalMs: 10 });
  assert.equal((await problemOf(ask({ timeoutMs: 100 }))).slug, 'upstream-unavailable');
  assert.equal((await problemOf(ask({ deadlineMs: 100 }))).slug, 'upstream-timeout');
});

test('a caller that is patient gets a slow answer', async () => {
  sandbox.faults.set({ kind: 'slow', delayMs: 30 });
  assert.ok((await ask()).interactions.length > 0);
});

test('nobody listens: the vendor is unavailable', async () => {
  const gone = await createSandbox();
  await gone.close();
  const lost = createUpstreamClient({
    baseUrls: gone.baseUrls,
    connections: 1,
    maxResponseBytes: 1000,
    connectTimeoutMs: 5_000,
  });
  const source = createEightByEight({
    client: lost,
    keysOf: () => [KEYS.acme],
    now: () => NOW,
    emit: events.add,
  });
  const problem = await problemOf(source.interactions(query, context));
  assert.equal(problem.slug, 'upstream-unavailable');
  assert.ok(problem.cause instanceof Error);
  await lost.close();
});

test('the vendor says how long to wait: Retry-After, or x-ratelimit-reset', async () => {
  sandbox.faults.set({ kind: 'throttled', retryAfterSeconds: 7 });
  assert.equal((await problemOf(ask())).retryAfterSeconds, 7);
  sandbox.faults.set({ kind: 'throttled-reset', resetAfterSeconds: 42 });
  assert.equal((await problemOf(ask())).retryAfterSeconds, 42);
  sandbox.faults.set('gateway-quota');
  assert.equal((await problemOf(ask())).retryAfterSeconds, 5);
});

test('Retry-After is seconds or a date; what is neither is passed over', () => {
  const waits = (headers: Record<string, string | readonly string[]>) =>
    responseProblem({ status: 429, headers, body: Buffer.alloc(0) }, NOW)?.retryAfterSeconds;
  const inHalfAMinute = new Date(NOW + 30_000).toUTCString();
  const byDate = waits({ 'retry-after': inHalfAMinute });
  assert.equal(byDate, 30);
  assert.equal(waits({ 'retry-after': '0' }), 1);
  assert.equal(waits({ 'retry-after': new Date(NOW - 30_000).toUTCString() }), 1);
  assert.equal(waits({ 'retry-after': '86400' }), 600);
  assert.equal(waits({ 'retry-after': 'soon' }), 5);
  assert.equal(waits({ 'retry-after': ['1', '2'] }), 5);
  assert.equal(waits({ 'x-ratelimit-reset': 'soon' }), 5);
  const resetAt = String(Math.floor(NOW / 1000) + 20);
  assert.equal(waits({ 'retry-after': 'soon', 'x-ratelimit-reset': resetAt }), 20);
  assert.equal(waits({ 'x-ratelimit-reset': String(Math.floor(NOW / 1000) - 60) }), 1);
});

test('a quota fault of the gateway is told by its code, whatever the status', () => {
  const problem = (status: number, errorcode: unknown) => {
    const body = Buffer.from(JSON.stringify({ fault: { detail: { errorcode } } }));
    return responseProblem({ status, headers: {}, body }, NOW)?.slug;
  };
  assert.equal(problem(500, 'policies.ratelimit.QuotaViolation'), 'upstream-throttled');
  assert.equal(problem(403, 'policies.ratelimit.SpikeArrestViolation'), 'upstream-throttled');
  assert.equal(problem(500, 'steps.javascript.ScriptExecutionFailed'), 'upstream-unavailable');
  assert.equal(problem(500, 7), 'upstream-unavailable');
  assert.equal(problem(200, 'policies.ratelimit.QuotaViolation'), undefined);
});

test('every other status is an answer that nobody expects', () => {
  for (const status of [100, 201, 204, 206, 301, 304, 307, 404, 405, 410, 418]) {
    const response = { status, headers: {}, body: Buffer.from('{"interactions":[]}') };
    assert.equal(responseProblem(response, NOW)?.slug, 'upstream-invalid', `${status}`);
  }
});

test('a problem keeps its cause for us', () => {
  const cause = new Error('socket hang up');
  assert.equal(transportProblem(cause).cause, cause);
  assert.equal(transportProblem('no error').details.reason, 'unknown');
});

test('without a key there is no call', async () => {
  const problem = problemOf(interactions(query, { ...context, keyIndex: 1 }));
  assert.equal((await problem).slug, 'upstream-misconfigured');
  assert.equal(sandbox.calls.received, 0);
});

test('a fault of ours is told as one', async () => {
  const broken = createEightByEight({
    client: {
      ...client,
      send: async () => ({ status: 200, headers: {}, body: Buffer.from('{}') }),
    },
    keysOf: () => {
      throw new RangeError('ours');
    },
    now: () => NOW,
    emit: events.add,
  });
  await assert.rejects(broken.interactions(query, context), RangeError);
  assert.equal(events.of('upstream-call')[0]?.outcome, 'internal-error');
});

test('answers that drift are usable, and the drift is told by kind and count', async () => {
  sandbox.faults.set('drift');
  const answer = await ask();
  assert.equal(answer.interactions.length, CUSTOMERS.ada.recent);
  assert.equal(answer.interactions[0]?.mediaType, 'VIDEO');
  const drifts = Object.fromEntries(
    events.of('upstream-drift').map(({ drift, count }) => [drift, count]),
  );
  assert.deepEqual(drifts, { 'unknown-field': 3, 'unknown-value': 4 });
});

test('wrong types are null, items that are none are dropped, and both are counted', async () => {
  sandbox.faults.set('wrong-types');
  const { interactions: read, droppedRows, rows } = await ask();
  assert.deepEqual(
    [read.length, droppedRows, rows],
    [CUSTOMERS.ada.recent, 6, CUSTOMERS.ada.recent + 6],
  );
  assert.deepEqual([read[0]?.startedAt, read[0]?.direction], [null, null]);
  const kinds = events.of('upstream-drift').map(({ drift, endpoint }) => [endpoint, drift]);
  assert.deepEqual(kinds.toSorted(), [
    ['interactions', 'dropped-item'],
    ['interactions', 'wrong-type'],
  ]);
  events.clear();
  const ids = read.map(({ interactionId }) => interactionId);
  const { summaries: found } = await summaries(
    { tenant: query.tenant, interactionIds: ids, owner: null },
    context,
  );
  assert.ok(found.length > 0);
  assert.ok(events.of('upstream-drift').every(({ endpoint }) => endpoint === 'summaries'));
});

test('the gateway\u2019s own fault outranks its status, and a 503 says when to come back', () => {
  const problem = (status: number, text: string, headers = {}) =>
    responseProblem({ status, headers, body: Buffer.from(text) }, NOW);
  const fault = (errorcode: string) => JSON.stringify({ fault: { detail: { errorcode } } });
  const quota = problem(500, fault('policies.ratelimit.QuotaViolation'));
  assert.equal(quota?.slug, 'upstream-throttled');
  assert.equal(problem(500, fault('oauth.v2.InvalidAccessToken'))?.slug, 'upstream-misconfigured');
  assert.equal(problem(500, fault('messaging.adaptors'))?.slug, 'upstream-unavailable');
  assert.equal(problem(503, '', { 'retry-after': '120' })?.retryAfterSeconds, 120);
});

test('a body that is not UTF-8 is no JSON, and a byte order mark does no harm', () => {
  assert.equal(parseJson(Buffer.from([0x22, 0xff, 0x22])), undefined);
  assert.deepEqual(parseJson(Buffer.from('\ufeff{}')), {});
});
