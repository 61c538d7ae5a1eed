// Replicas over one Redis: what one of them fetches, refreshes, fails at or erases is known to the others at once.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { CHANNEL } from '../../src/cache/messages.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { startCacheProcess } from '../support/cache-process.ts';
import { createClock } from '../support/clock.ts';
import { createGate } from '../support/gate.ts';
import { watchLeases } from '../support/lease-watch.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
const WITH_SUMMARIES = `${ADA}&include=summaries`;
const STORED = 'customer-360; fwd=miss; stored';
const COLLAPSED = `${STORED}; collapsed`;
const REFRESH = { headers: { 'cache-control': 'no-cache' } };
const DAY_MS = 86_400_000;
const STALE_MS = 72_000;
/** Past the time in which it is answered with while it is fetched anew. */
const PAST_MS = 60_000 + 600_000;
/** The wait after a first failure, where nothing varies. */
const FIRST_WAIT_MS = 750;

/** Two services with one clock over one Redis, before a sandbox whose calls wait while the gate is shut. */
async function start(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const control = new Redis(redis.url);
  control.on('error', () => undefined);
  t.after(() => control.disconnect());
  const clock = createClock(Date.now());
  const population = [...standardPopulation(clock.now() - DAY_MS)];
  const sandbox = await createSandbox({ population });
  t.after(sandbox.close);
  const gate = await createGate(t, sandbox);
  gate.open();
  const startOne = () =>
    startService(t, {
      now: clock.now,
      shared: sandbox,
      sections: { regions: gate.baseUrls },
      env: { REDIS_URL: redis.url },
    });
  const [first, second] = [await startOne(), await startOne()];
  while (Number((await control.pubsub('NUMSUB', CHANNEL))[1]) < 2) await control.ping();
  const change = () => population.splice(0, population.length, ...standardPopulation(clock.now()));
  return { redis, control, clock, sandbox, gate, change, first, second };
}

const statusOf = (reply: Response) => reply.headers.get('cache-status');

const tagOf = (reply: Response) => reply.headers.get('etag') ?? '';

/** Asks until the answer is another; a message takes a moment. */
async function nextAnswer({ ask }: Service, path: string, old: string): Promise<Response> {
  for (;;) {
    const reply = await ask(path);
    if (tagOf(reply) !== old) return reply;
  }
}

test('what one refreshed, the other answers at once', async (t) => {
  const { change, clock, sandbox, first, second } = await start(t);
  const old = tagOf(await first.ask(ADA));
  await second.ask(ADA);
  change();
  clock.pass(1);
  const fresh = tagOf(await first.ask(ADA, REFRESH));
  const next = await nextAnswer(second, ADA, old);
  assert.match(statusOf(next) ?? '', /^customer-360; hit; ttl=60; /);
  assert.equal(tagOf(next), fresh);
  assert.equal(sandbox.calls.received, 2);
});

test('what is erased leaves every memory, with its summaries', async (t) => {
  const { redis, control, change, first, second } = await start(t);
  const paths = [ADA, WITH_SUMMARIES];
  const old = new Map<string, string>();
  for (const path of paths) old.set(path, tagOf(await first.ask(path)));
  for (const path of paths) await second.ask(path);
  change();
  const eraser = await startCacheProcess(t, { url: redis.url });
  const identities = await control.keys('c360:1:*}');
  assert.equal(identities.length, 1);
  for (const identity of identities) await eraser.tiers.erase(identity);
  for (const path of paths) {
    for (const service of [first, second]) {
      const next = await nextAnswer(service, path, old.get(path) ?? '');
      assert.equal(next.status, 200);
    }
  }
});

test('what was being fetched when it was erased is not kept', async (t) => {
  const { redis, control, gate, first, second } = await start(t);
  await first.ask(ADA);
  const [identity = ''] = await control.keys('c360:1:*}');
  gate.shut();
  const asked = first.ask(ADA, REFRESH);
  await gate.nth(2);
  const eraser = await startCacheProcess(t, { url: redis.url });
  await eraser.tiers.erase(identity);
  gate.open();
  assert.equal(statusOf(await asked), 'customer-360; fwd=request');
  for (const service of [second, first]) {
    assert.match(statusOf(await service.ask(ADA)) ?? '', /fwd=miss; stored$|hit; .*detail=redis$/);
  }
  assert.equal(gate.arrived, 3);
});

test('who asks after an erasure gets nothing from before it, though a fetch from then fails', async (t) => {
  const { redis, control, sandbox, gate, first } = await start(t);
  const other = `${ADA}&last=P30D`;
  for (const path of [ADA, other]) await first.ask(path);
  const [identity = ''] = await control.keys('c360:1:*}');
  gate.shut();
  const before = first.ask(ADA, REFRESH);
  await gate.nth(3);
  const eraser = await startCacheProcess(t, { url: redis.url });
  await eraser.tiers.erase(identity);
  // It has heard of it as soon as it has to ask 8x8 for another range of the same customer.
  const unanswered: Promise<Response>[] = [];
  while (gate.arrived < 4) {
    const asked = first.ask(other);
    unanswered.push(asked);
    await Promise.race([asked, gate.nth(4)]);
  }
  const joined = first.events.of('flight-joined').length;
  const after = first.ask(ADA);
  await first.events.nth('flight-joined', joined + 1);
  sandbox.faults.set('unavailable');
  gate.open();
  const replies = await Promise.all([before, after, ...unanswered.slice(-1)]);
  assert.deepEqual(
    replies.slice(1).map(({ status }) => status),
    [503, 503],
  );
});

test('what is stale for both is asked for once', async (t) => {
  const { clock, gate, first, second } = await start(t);
  for (const service of [first, second]) await service.ask(ADA);
  gate.shut();
  clock.pass(STALE_MS);
  for (const service of [first, second]) {
    const stale = 'customer-360; hit; ttl=-12; detail=memory';
    assert.equal(statusOf(await service.ask(ADA)), stale);
  }
  await gate.nth(2);
  gate.open();
  const outcomes = [first, second].map(({ events }) => events.nth('background-refresh', 1));
  for (const { outcome } of await Promise.all(outcomes)) assert.equal(outcome, 'ok');
  assert.equal(gate.arrived, 2);
  for (const service of [first, second]) {
    assert.match(statusOf(await service.ask(ADA)) ?? '', /; hit; ttl=60; /);
  }
});

test('callers of both wait for one call, however long it takes, and share what it brings', async (t) => {
  const { redis, gate, first, second } = await start(t);
  const leases = await watchLeases(t, redis.url);
  gate.shut();
  const asked = [first.ask(ADA)];
  await gate.nth(1);
  asked.push(second.ask(ADA), second.ask(ADA));
  await leases('SET', 3);
  // Renewed every half second: for longer than a lease lasts by itself.
  await leases('PEXPIRE', 5);
  gate.open();
  const replies = await Promise.all(asked);
  assert.deepEqual(replies.map(statusOf), [STORED, COLLAPSED, COLLAPSED]);
  assert.equal(new Set(replies.map(tagOf)).size, 1);
  assert.equal(gate.arrived, 1);
  assert.equal((await second.events.nth('lease', 1)).outcome, 'joined');
});

test('what fails for one fails at once for the other who waits for it', async (t) => {
  const { redis, sandbox, gate, first, second } = await start(t);
  const leases = await watchLeases(t, redis.url);
  sandbox.faults.set({ kind: 'throttled', retryAfterSeconds: 77 }, { times: 1 });
  gate.shut();
  const asked = [first.ask(ADA)];
  await gate.nth(1);
  asked.push(second.ask(ADA));
  await leases('SET', 3);
  gate.open();
  for (const reply of await Promise.all(asked)) {
    assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '77']);
    const { type } = (await reply.json()) as { type: string };
    assert.equal(type, '/problems/upstream-throttled');
  }
  assert.equal(gate.arrived, 1);
  assert.equal(statusOf(await second.ask(ADA)), STORED);
});

test('after one has failed, both leave 8x8 alone', async (t) => {
  const { redis, clock, sandbox, gate, first, second } = await start(t);
  for (const service of [first, second]) await service.ask(ADA);
  const leases = await watchLeases(t, redis.url);
  clock.pass(PAST_MS);
  sandbox.faults.set({ kind: 'throttled', retryAfterSeconds: 60 }, { times: 1 });
  gate.shut();
  const asked = [first.ask(ADA)];
  await gate.nth(2);
  asked.push(second.ask(ADA));
  await leases('SET', 3);
  gate.open();
  const stale = 'customer-360; fwd=stale; fwd-status=503; detail=stale-if-error';
  assert.deepEqual((await Promise.all(asked)).map(statusOf), [stale, stale]);
  clock.pass(59_999);
  for (const service of [first, second]) assert.equal(statusOf(await service.ask(ADA)), stale);
  assert.equal(gate.arrived, 2);
  clock.pass(1);
  assert.equal(statusOf(await second.ask(ADA)), STORED);
});

test('one failure that both wait for is one for each', async (t) => {
  const { redis, clock, sandbox, gate, first, second } = await start(t);
  for (const service of [first, second]) await service.ask(ADA);
  const leases = await watchLeases(t, redis.url);
  clock.pass(PAST_MS);
  sandbox.faults.set('server-error', { times: 1 });
  gate.shut();
  const asked = [first.ask(ADA)];
  await gate.nth(2);
  asked.push(second.ask(ADA));
  await leases('SET', 3);
  gate.open();
  for (const { status } of await Promise.all(asked)) assert.equal(status, 200);
  clock.pass(FIRST_WAIT_MS);
  assert.equal(statusOf(await second.ask(ADA)), STORED);
});

test('a search that 8x8 refuses one is refused to the other too, whatever is kept', async (t) => {
  const { redis, clock, sandbox, first, second } = await start(t);
  for (const service of [first, second]) await service.ask(ADA);
  clock.pass(PAST_MS);
  sandbox.faults.set('refused');
  const listener = await startCacheProcess(t, { url: redis.url });
  const told = listener.nextMessage();
  assert.equal((await first.ask(ADA)).status, 400);
  assert.equal((await told).kind, 'failed');
  const reply = await second.ask(ADA);
  assert.deepEqual([reply.status, statusOf(reply)], [400, null]);
});

test('with summaries joined a failure also counts for one who holds nothing yet', async (t) => {
  const { clock, sandbox, first, second } = await start(t);
  await first.ask(ADA);
  clock.pass(PAST_MS);
  sandbox.faults.set('server-error', { endpoint: 'interactions' });
  sandbox.calls.clear();
  const replies = await Promise.all([first, second].map(({ ask }) => ask(WITH_SUMMARIES)));
  const stale = 'customer-360; fwd=stale; fwd-status=503; detail=stale-if-error';
  assert.deepEqual(replies.map(statusOf), [stale, stale]);
  assert.equal(sandbox.calls.all.filter(({ endpoint }) => endpoint === 'interactions').length, 1);
});
