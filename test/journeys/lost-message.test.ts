// A replica does not hear what the others tell: what they refreshed or erased leaves its memory all the same, soon.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { CHANNEL } from '../../src/cache/messages.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { startCacheProcess } from '../support/cache-process.ts';
import { createClock } from '../support/clock.ts';
import { startRedis } from '../support/redis.ts';
import { startMonitor } from '../support/redis-monitor.ts';
import { startService } from '../support/service.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
const REFRESH = { headers: { 'cache-control': 'no-cache' } };
const HEALING_MS = 10_000;
const DAY_MS = 86_400_000;

/** Two services, which both hold a customer. The second one may hear these channels: none. */
async function start(t: TestContext, channels = 'resetchannels') {
  const redis = await startRedis();
  t.after(redis.stop);
  const control = new Redis(redis.url);
  control.on('error', () => undefined);
  t.after(() => control.disconnect());
  await control.acl('SETUSER', 'second', 'on', '>sesame', '~*', '+@all', channels);
  const clock = createClock(Date.now());
  const population = [...standardPopulation(clock.now() - DAY_MS)];
  const first = await startService(t, {
    now: clock.now,
    sandbox: { population },
    env: { REDIS_URL: redis.url },
  });
  const second = await startService(t, {
    now: clock.now,
    shared: first.sandbox,
    env: { REDIS_URL: redis.url.replace('//', '//second:sesame@') },
  });
  const old = tagOf(await first.ask(ADA));
  assert.equal(tagOf(await second.ask(ADA)), old);
  population.splice(0, population.length, ...standardPopulation(clock.now()));
  const [identity = ''] = await control.keys('c360:1:*}');
  return { redis, control, clock, first, second, old, identity };
}

const tagOf = (reply: Response) => reply.headers.get('etag');
const detailOf = (reply: Response) =>
  (reply.headers.get('cache-status') ?? '').replace(/ttl=-?\d+; /, '');

test('a refreshed entry is there after ten seconds', async (t) => {
  const { clock, first, second, old } = await start(t);
  clock.pass(1);
  const fresh = tagOf(await first.ask(ADA, REFRESH));
  assert.notEqual(fresh, old);
  clock.pass(HEALING_MS - 2);
  const before = await second.ask(ADA);
  assert.equal(detailOf(before), 'customer-360; hit; detail=memory');
  assert.equal(tagOf(before), old);
  clock.pass(1);
  const healed = await second.ask(ADA);
  assert.match(detailOf(healed), /^customer-360; hit; /);
  assert.equal(tagOf(healed), fresh);
  assert.equal(first.sandbox.calls.received, 2);
  assert.deepEqual(second.events.of('store-failed'), []);
});

test('an erased entry is gone after ten seconds', async (t) => {
  const { redis, clock, first, second, old, identity } = await start(t);
  const eraser = await startCacheProcess(t, { url: redis.url });
  await eraser.tiers.erase(identity);
  clock.pass(HEALING_MS - 1);
  assert.equal(tagOf(await second.ask(ADA)), old);
  clock.pass(1);
  const healed = await second.ask(ADA);
  assert.notEqual(tagOf(healed), old);
  assert.match(detailOf(healed), /^customer-360; fwd=miss/);
  assert.equal(first.sandbox.calls.received, 2);
});

test('it is Redis that is asked, once in ten seconds, and for a few bytes', async (t) => {
  const { redis, control, clock, second, identity } = await start(t);
  const { monitor } = await startMonitor(t, redis.url);
  const asked: string[] = [];
  monitor.on(
    'monitor',
    (_time: string, [command = '', ...args]: readonly string[], from: string) => {
      if (from !== 'lua' && args.includes(identity)) asked.push(command.toLowerCase());
    },
  );
  /** What Redis is asked about the customer while two ask for it. */
  const askTwice = async () => {
    asked.length = 0;
    for (const _ of ['one', 'two']) assert.equal((await second.ask(ADA)).status, 200);
    const isSeen = once(monitor, 'monitor');
    await control.ping();
    await isSeen;
    return asked.filter((command) => command !== 'evalsha' && command !== 'eval');
  };
  clock.pass(HEALING_MS - 1);
  assert.deepEqual([await askTwice(), asked.length], [[], 0]);
  clock.pass(1);
  assert.deepEqual(await askTwice(), []);
  assert.ok(asked.length > 0);
  assert.deepEqual([await askTwice(), asked.length], [[], 0]);
});

test('a replica that may not hear any more goes on all the same', async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const { control, second } = await start(t, '&*');
  while (Number((await control.pubsub('NUMSUB', CHANNEL))[1]) < 2) await control.ping();
  // Redis cuts the connection for messages, and the one that takes its place is refused.
  await control.acl('SETUSER', 'second', 'resetchannels');
  const isRefused = async () => JSON.stringify(await control.acl('LOG')).includes(CHANNEL);
  while (!(await isRefused())) await control.ping();
  assert.equal((await second.ask(ADA)).status, 200);
  assert.deepEqual(unhandled, []);
});
