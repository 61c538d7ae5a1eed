// Every way in which 8x8 can fail, one by one: what is held is given, else the problem of the contract, and nothing bad is kept.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { PROBLEMS, type ProblemSlug } from '../../src/domain/problem.ts';
import { customerSchema, problemSchema, summariesSchema } from '../../src/edge/schemas.ts';
import type { Fault, FaultKind } from '../../src/sandbox/faults.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createClock } from '../support/clock.ts';
import { startRedis } from '../support/redis.ts';
import { redisContents } from '../support/redis-contents.ts';
import { startService } from '../support/service.ts';

const NOW = Date.UTC(2026, 5, 15, 12, 0, 30);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Past the time in which an answer is fresh, and that in which it is given while it is fetched anew. */
const PAST_MS = 11 * MINUTE_MS;
const STORED = 'customer-360; fwd=miss; stored';
/** Far more than any deadline here, for machines that have much to do. */
const SOON_MS = 10_000;

/** What follows from a fault. Nothing to tell: the answer is a good one. */
interface Consequence {
  readonly slug: ProblemSlug | null;
  /** Where it is not 5, which is told if 8x8 does not say. */
  readonly retryAfter?: string;
  readonly options?: Partial<Fault>;
}

const INVALID: Consequence = { slug: 'upstream-invalid' };
const UNAVAILABLE: Consequence = { slug: 'upstream-unavailable' };
const MISCONFIGURED: Consequence = { slug: 'upstream-misconfigured' };
const THROTTLED: Consequence = { slug: 'upstream-throttled' };
const ENDLESS: Consequence = { slug: 'upstream-invalid', options: { bytes: 200 * 1024 * 1024 } };
const LATE: Consequence = {
  slug: 'upstream-timeout',
  options: { delayMs: 600_000, byteIntervalMs: 600_000 },
};
const GOOD: Consequence = { slug: null };

/** All faults of the sandbox, and one that it cannot have: nothing listens at its port. */
const CONSEQUENCES: Readonly<Record<FaultKind | 'down', Consequence>> = {
  down: UNAVAILABLE,
  reset: UNAVAILABLE,
  'reset-mid-body': UNAVAILABLE,
  'server-error': UNAVAILABLE,
  'bad-gateway': UNAVAILABLE,
  unavailable: UNAVAILABLE,
  slow: LATE,
  hang: LATE,
  drip: LATE,
  throttled: { ...THROTTLED, retryAfter: '30', options: { retryAfterSeconds: 30 } },
  'throttled-reset': { ...THROTTLED, retryAfter: '30', options: { resetAfterSeconds: 30 } },
  'gateway-quota': THROTTLED,
  unauthorized: MISCONFIGURED,
  forbidden: MISCONFIGURED,
  'gateway-token': MISCONFIGURED,
  refused: { slug: 'rejected-by-upstream' },
  redirect: INVALID,
  'not-found': INVALID,
  'no-content': INVALID,
  partial: INVALID,
  html: INVALID,
  garbage: INVALID,
  'not-utf8': INVALID,
  'not-http': INVALID,
  'long-head': INVALID,
  'no-interactions': INVALID,
  'not-an-object': INVALID,
  empty: INVALID,
  truncated: INVALID,
  compressed: INVALID,
  huge: ENDLESS,
  crumbs: ENDLESS,
  'wrong-types': GOOD,
  drift: GOOD,
  mislabelled: GOOD,
};

/** Whether 8x8 would still be at it, had it not been left. */
const isEndless = (consequence: Consequence) => consequence === LATE || consequence === ENDLESS;

const isKind = (name: string): name is FaultKind | 'down' => Object.hasOwn(CONSEQUENCES, name);
const KINDS = Object.keys(CONSEQUENCES).filter(isKind);

const redis = await startRedis();
const redisClient = new Redis(redis.url);
after(async () => {
  redisClient.disconnect();
  await redis.stop();
});

const kept = () => redisContents(redis.url, 'c360:1:*');

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

async function start(t: TestContext, kind: FaultKind | 'down') {
  await redisClient.flushall();
  const clock = createClock(NOW);
  const settings = { now: clock.now, population: standardPopulation(NOW) };
  let sandbox = await createSandbox(settings);
  const { port } = sandbox;
  t.after(() => sandbox.close());
  const { slug, options } = CONSEQUENCES[kind];
  const waits =
    slug === 'upstream-timeout' ? { deadline: '300ms', attemptTimeout: '150ms' } : undefined;
  const service = await startService(t, {
    env: { REDIS_URL: redis.url },
    sections: { upstream: { ...waits, maxResponse: '64KiB' } },
    now: clock.now,
    shared: sandbox,
  });
  return {
    clock,
    async ask(path: string): Promise<Told> {
      const startedAt = performance.now();
      const reply = await service.ask(path);
      const text = await reply.text();
      assert.ok(performance.now() - startedAt < SOON_MS, path);
      return { status: reply.status, headers: Object.fromEntries(reply.headers), text };
    },
    async fail(endpoint?: 'summaries') {
      sandbox.calls.clear();
      if (kind === 'down') await sandbox.close();
      else sandbox.faults.set({ kind, ...options }, endpoint ? { endpoint } : {});
    },
    /** How the calls since then have ended. */
    outcomes: () => Promise.all(sandbox.calls.all.map(({ outcome }) => outcome)),
    async mend() {
      if (kind === 'down') sandbox = await createSandbox({ ...settings, port });
      else sandbox.faults.set(null);
    },
  };
}

/** What is told about something that nobody holds. */
function assertProblem({ status, headers, text }: Told, consequence: Consequence): void {
  const { slug, retryAfter = '5' } = consequence;
  assert.ok(slug);
  const problem = problemSchema.parse(JSON.parse(text));
  assert.equal(problem.type, `/problems/${slug}`);
  assert.equal(status, PROBLEMS[slug].status);
  assert.equal(headers['retry-after'], status === 503 ? retryAfter : undefined);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['cache-status'], undefined);
  assert.equal(headers.etag, undefined);
}

/** What is told about something that is held: the same as before, unless 8x8 refuses it. */
function assertStale(told: Told, consequence: Consequence, before: Told): void {
  const { slug } = consequence;
  if (slug === null || slug === 'rejected-by-upstream') {
    assertProblem(told, consequence);
    return;
  }
  assert.equal(told.status, 200);
  assert.equal(told.text, before.text);
  assert.equal(told.headers.etag, before.headers.etag);
  assert.ok(Number(told.headers.age) >= PAST_MS / 1000);
  assert.equal(
    told.headers['cache-status'],
    `customer-360; fwd=stale; fwd-status=${PROBLEMS[slug].status}; detail=stale-if-error`,
  );
}

/** The customer is there, its summaries are not, and they are asked for again in five seconds. */
function assertUnavailable({ status, headers, text }: Told): void {
  assert.equal(status, 200);
  const { interactions, summaryFailures } = customerSchema.parse(JSON.parse(text));
  assert.ok(interactions.length > 0);
  assert.deepEqual(
    summaryFailures,
    interactions.map(({ id }) => ({ id, reason: 'unavailable' })),
  );
  const [, maxAge] = /^private, max-age=(\d+),/.exec(headers['cache-control'] ?? '') ?? [];
  assert.ok(Number(maxAge) - Number(headers.age) <= 5);
}

/** The customer is held, joined with its summaries it is not: it is given without them. */
function assertJoinedStale(told: Told, consequence: Consequence, before: Told): void {
  if (consequence.slug === 'rejected-by-upstream') {
    assertProblem(told, consequence);
    return;
  }
  assertUnavailable(told);
  // The breaker may be open by now, which is a 503.
  assert.match(told.headers['cache-status'] ?? '', /^customer-360; fwd=stale; fwd-status=50[234];/);
  const idsIn = ({ text }: Told) =>
    customerSchema.parse(JSON.parse(text)).interactions.map(({ id }) => id);
  assert.deepEqual(idsIn(told), idsIn(before));
}

function assertStored(told: Told, text?: string): void {
  assert.equal(told.status, 200);
  assert.equal(told.headers['cache-status'], STORED);
  if (text !== undefined) assert.equal(told.text, text);
}

const HELD = '/v1/customer?tenant=acme&contactId=contact-Ansari';
const HELD_JOINED = `${HELD}&include=summaries`;
const NEW = '/v1/customer?tenant=acme&contactId=contact-gruenwald';
const JOINED = `${NEW}&include=summaries`;

const summaryOf = (id: string) => `/v1/summaries?tenant=acme&interactionId=${id}`;

function idsWithSummary(joined: string): readonly string[] {
  const { interactions } = customerSchema.parse(JSON.parse(joined));
  return interactions.flatMap(({ id, summary }) => (summary ? id : []));
}

/** What is told where nothing ever fails. */
const reference = await startService(
  { after },
  { now: () => NOW, sandbox: { now: () => NOW, population: standardPopulation(NOW) } },
);
const truth = async (path: string) => (await reference.ask(path)).text();
const [HELD_TEXT, NEW_TEXT, JOINED_TEXT = ''] = await Promise.all([HELD, NEW, JOINED].map(truth));
const [HELD_SUMMARY = '', NEW_SUMMARY = ''] = idsWithSummary(JOINED_TEXT).map(summaryOf);
const [HELD_SUMMARY_TEXT, NEW_SUMMARY_TEXT] = await Promise.all(
  [HELD_SUMMARY, NEW_SUMMARY].map(truth),
);

for (const kind of KINDS) {
  const consequence = CONSEQUENCES[kind];
  const { slug } = consequence;

  test(`a customer, while 8x8 is ${kind}: ${slug ?? 'good'}`, async (t) => {
    const { ask, clock, fail, mend, outcomes } = await start(t, kind);
    const before = await ask(HELD);
    assertStored(before, HELD_TEXT);
    clock.pass(PAST_MS);
    const keptBefore = await kept();

    await fail();
    if (slug === null) {
      for (const path of [HELD, NEW]) {
        const told = await ask(path);
        assertStored(told);
        const { complete } = customerSchema.parse(JSON.parse(told.text));
        assert.equal(complete, kind !== 'wrong-types');
      }
      clock.pass(PAST_MS);
    } else {
      assertProblem(await ask(NEW), consequence);
      assertStale(await ask(HELD), consequence, before);
      assertJoinedStale(await ask(HELD_JOINED), consequence, before);
      assert.ok(keptBefore.equals(await kept()), 'what Redis holds has changed');
      if (isEndless(consequence)) assert.deepEqual(new Set(await outcomes()), new Set(['aborted']));
      clock.pass(MINUTE_MS);
    }
    await mend();
    assertStored(await ask(NEW), NEW_TEXT);
    assertStored(await ask(HELD), before.text);
  });

  // Then there are no customers either.
  if (kind === 'down') continue;

  test(`summaries, while 8x8 is ${kind} for them: ${slug ?? 'good'}`, async (t) => {
    const { ask, clock, fail, mend, outcomes } = await start(t, kind);
    const before = await ask(HELD_SUMMARY);
    assertStored(before, HELD_SUMMARY_TEXT);
    clock.pass(DAY_MS + MINUTE_MS);
    const keptBefore = await kept();

    await fail('summaries');
    if (slug === null) {
      for (const path of [HELD_SUMMARY, NEW_SUMMARY, JOINED]) {
        const told = await ask(path);
        assertStored(told);
        (path === JOINED ? customerSchema : summariesSchema).parse(JSON.parse(told.text));
      }
      clock.pass(DAY_MS + MINUTE_MS);
    } else {
      assertProblem(await ask(NEW_SUMMARY), consequence);
      assertStale(await ask(HELD_SUMMARY), consequence, before);
      assert.ok(keptBefore.equals(await kept()), 'what Redis holds has changed');
      if (isEndless(consequence)) assert.deepEqual(new Set(await outcomes()), new Set(['aborted']));
      clock.pass(MINUTE_MS);
      assertUnavailable(await ask(JOINED));
      clock.pass(MINUTE_MS);
    }
    await mend();
    assertStored(await ask(NEW_SUMMARY), NEW_SUMMARY_TEXT);
    assertStored(await ask(HELD_SUMMARY), before.text);
    assertStored(await ask(JOINED), JOINED_TEXT);
  });
}
