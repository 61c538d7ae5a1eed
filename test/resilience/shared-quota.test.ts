// Quotas of all replicas together, on a real Redis; in each process alone while Redis fails.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Allowance } from '../../src/domain/tenant.ts';
import { createAloneWatch } from '../../src/resilience/alone-watch.ts';
import { createSharedQuota } from '../../src/resilience/shared-quota.ts';
import { startRedis } from '../support/redis.ts';
import { connectTo } from '../support/redis-connection.ts';
import { redisContents } from '../support/redis-contents.ts';

const allowance = { requests: 3, perMs: 60_000 };

async function startServer(t: TestContext) {
  const server = await startRedis();
  t.after(() => server.stop());
  return server;
}

/** A counter with a clock of its own, of which the calls to Redis are counted. */
async function startReplica(
  t: TestContext,
  url: string,
  { replicas = 1, ...quota }: Allowance & { readonly replicas?: number } = allowance,
) {
  const { connection, events } = await connectTo(t, url);
  let failures = 0;
  let calls = 0;
  let time = 0;
  const gate: { held: (() => void)[]; isShut: boolean } = { held: [], isShut: false };
  let isLosing = false;
  const returning = { is: false };
  let isRefusing = false;
  const beats: ((beat: { isPublished: boolean }) => void)[] = [];
  const changes: string[] = [];
  const planned: (() => void)[] = [];
  const counter = createSharedQuota({
    redis: {
      ...connection.commands,
      defineScript: (script) => {
        const runScript = connection.commands.defineScript(script);
        return async (...args) => {
          calls += 1;
          if (gate.isShut) await new Promise<void>((resolve) => gate.held.push(resolve));
          if (isRefusing) throw Object.assign(new Error('OOM'), { name: 'ReplyError' });
          const reply = await runScript(...args);
          if (isLosing) throw new Error('The reply is lost');
          return reply;
        };
      },
    },
    ticks: () => time,
    later: (run) => void planned.push(run),
    keyOf: (name) => `c360:quota:{${createHmac('sha256', 'secret').update(name).digest('hex')}}`,
    replicas: {
      count: () => replicas,
      isReturning: () => returning.is,
      onBeat: (listener) => void beats.push(listener),
    },
    watch: createAloneWatch({ onChange: (state) => changes.push(state), ticks: () => time }),
    onFailure: () => {
      failures += 1;
    },
  });
  return {
    take: async (name: string, cost = 1) => counter.take(name, cost, quota),
    events,
    failures: () => failures,
    calls: () => calls,
    pass: (ms: number) => {
      time += ms;
    },
    /** Runs what was to be done later. */
    wake: () => {
      for (const run of planned.splice(0)) run();
    },
    /** From now on Redis does what it is asked, and nobody hears of it. */
    loseReplies: () => {
      isLosing = true;
    },
    /** From now on Redis does nothing that it is asked, or again does all of it. */
    refuse: (isOn = true) => {
      isRefusing = isOn;
    },
    beat: () => {
      for (const listener of beats) listener({ isPublished: true });
    },
    changes,
    returning,
    /** Holds calls back from now on. */
    shut: () => {
      gate.isShut = true;
    },
    /** Lets those that were held back through, and all to come. */
    open: () => {
      gate.isShut = false;
      for (const go of gate.held) go();
    },
    redis: connection.client,
  };
}

test('replicas count in one window, and what does not fit is refused whole', async (t) => {
  const { url } = await startServer(t);
  const [one, other] = await Promise.all([startReplica(t, url), startReplica(t, url)]);
  const uses = [
    await one.take('desk'),
    await other.take('desk'),
    await one.take('desk', 2),
    await other.take('desk'),
    await one.take('desk'),
    await other.take('mobile', 3),
  ];
  assert.deepEqual(
    uses.map(({ admitted, used }) => [admitted, used]),
    [
      [true, 1],
      [true, 2],
      [false, 2],
      [true, 3],
      [false, 3],
      [true, 3],
    ],
  );
  for (const { resetMs } of uses) assert.ok(resetMs > 0 && resetMs <= allowance.perMs);
  assert.deepEqual([one.failures(), other.failures()], [0, 0]);
});

test('a refused request begins no window', async (t) => {
  const { url } = await startServer(t);
  const { take, redis } = await startReplica(t, url);
  assert.deepEqual(await take('desk', 4), { admitted: false, used: 0, resetMs: 60_000 });
  assert.deepEqual(await redis.keys('*'), []);
});

test('a window ends by itself, and is not made longer by what is counted later', async (t) => {
  const { url } = await startServer(t);
  const { take, redis, pass } = await startReplica(t, url);
  await take('desk', 2);
  const [key = ''] = await redis.keys('*');
  await redis.pexpire(key, 1_000);
  const { resetMs } = await take('desk');
  assert.ok(resetMs <= 1_000 && (await redis.pttl(key)) <= 1_000);
  await redis.del(key);
  pass(1_000);
  assert.deepEqual(await take('desk'), { admitted: true, used: 1, resetMs: 60_000 });
});

test('many at once never take more than there is', async (t) => {
  const { url } = await startServer(t);
  const replicas = await Promise.all([startReplica(t, url), startReplica(t, url)]);
  const uses = await Promise.all(
    Array.from({ length: 5 }, () => replicas.map(({ take }) => take('desk'))).flat(),
  );
  assert.equal(uses.filter(({ admitted }) => admitted).length, allowance.requests);
});

test('the name of an app is not to be seen in Redis', async (t) => {
  const { url } = await startServer(t);
  const { take } = await startReplica(t, url);
  await take('agent-desktop');
  const contents = await redisContents(url);
  assert.match(contents.toString(), /^c360:quota:\{[0-9a-f]{64}\}\n/);
  assert.equal(contents.includes('agent'), false);
});

test('where Redis was never reached each replica admits its share, and says so', async (t) => {
  const server = await startServer(t);
  const quota = { requests: 14, perMs: 60_000 };
  const { take, events, failures, changes, pass } = await startReplica(t, server.url, {
    ...quota,
    replicas: 4,
  });
  await server.stop();
  await events.nth('redis-state', 2);
  assert.deepEqual(await take('desk', 2), { admitted: true, used: 13, resetMs: 60_000 });
  assert.deepEqual(await take('desk', 2), { admitted: false, used: 13, resetMs: 60_000 });
  pass(20_000);
  assert.deepEqual(await take('desk'), { admitted: true, used: 14, resetMs: 40_000 });
  assert.deepEqual(await take('desk'), { admitted: false, used: 14, resetMs: 40_000 });
  assert.deepEqual(await take('mobile'), { admitted: true, used: 12, resetMs: 60_000 });
  pass(40_000);
  assert.deepEqual(await take('desk'), { admitted: true, used: 12, resetMs: 60_000 });
  assert.deepEqual([failures(), changes], [6, ['alone']]);
});

test('a share is one request at least', async (t) => {
  const { url } = await startServer(t);
  const { take, refuse } = await startReplica(t, url, { ...allowance, replicas: 4 });
  refuse();
  assert.deepEqual(countAdmitted([await take('desk'), await take('desk')]), 1);
});

test('what costs more than a share is admitted by a whole one, and the next windows pay', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 8, perMs: 60_000, replicas: 4 };
  const { take, refuse, pass } = await startReplica(t, url, quota);
  refuse();
  // As the edge does: one for the request itself, then the rest.
  assert.equal((await take('desk')).admitted, true);
  assert.deepEqual(await take('desk', 4), { admitted: true, used: 8, resetMs: 60_000 });
  // Three are owed, so that there is one again in the window after the next one.
  assert.deepEqual(await take('desk'), { admitted: false, used: 8, resetMs: 120_000 });
  pass(60_000);
  assert.deepEqual(await take('desk'), { admitted: false, used: 8, resetMs: 60_000 });
  pass(60_000);
  assert.deepEqual(await take('desk'), { admitted: true, used: 8, resetMs: 60_000 });
  assert.deepEqual(await take('desk', 4), { admitted: false, used: 8, resetMs: 60_000 });
  pass(60_000);
  assert.equal((await take('desk')).admitted, true);
  assert.equal((await take('desk', 4)).admitted, true);
  pass(3 * 60_000);
  assert.deepEqual(await take('desk'), { admitted: true, used: 7, resetMs: 60_000 });
  assert.deepEqual(await take('desk'), { admitted: true, used: 8, resetMs: 60_000 });
  assert.deepEqual(await take('desk', 4), { admitted: false, used: 8, resetMs: 60_000 });
});

test('in a window that Redis began each replica admits its part of what is left', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 18, perMs: 60_000, replicas: 2 };
  const [one, other] = await Promise.all([
    startReplica(t, url, quota),
    startReplica(t, url, quota),
  ]);
  await one.take('desk', 6);
  await other.take('desk', 2);
  await one.take('desk', 2);
  one.refuse();
  other.refuse();
  const uses = { one: [], other: [] } as Record<'one' | 'other', { admitted: boolean }[]>;
  for (let count = 0; count < 18; count += 1) {
    uses.one.push(await one.take('desk'));
    uses.other.push(await other.take('desk'));
  }
  // Of the 8 that are left; the other one heard last that 10 were.
  assert.deepEqual([countAdmitted(uses.one), countAdmitted(uses.other)], [4, 5]);
});

test('Redis is told of what was admitted without it, once', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 18, perMs: 60_000 };
  const replica = await startReplica(t, url, quota);
  await replica.take('desk', 2);
  replica.refuse();
  await replica.take('desk', 3);
  await replica.take('desk', 4);
  assert.equal(await usedInRedis(replica), 2);
  replica.refuse(false);
  await Promise.all([replica.take('desk'), replica.take('desk')]);
  assert.equal(await usedInRedis(replica), 11);
  assert.deepEqual(replica.changes, ['alone']);
  replica.pass(1_000);
  assert.equal((await replica.take('desk')).used, 12);
  assert.deepEqual(replica.changes, ['alone', 'shared']);
});

test('Redis is told with the next beat, though nobody asks, and also of more than there is', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 18, perMs: 60_000 };
  const [one, other] = await Promise.all([
    startReplica(t, url, quota),
    startReplica(t, url, quota),
  ]);
  await one.take('desk', 2);
  one.refuse();
  await one.take('desk', 16);
  await other.take('desk', 10);
  one.refuse(false);
  one.beat();
  while ((await usedInRedis(one)) !== 28);
  assert.equal((await other.take('desk')).admitted, false);
  one.beat();
  assert.equal((await one.take('desk')).admitted, false);
  assert.equal(await usedInRedis(one), 28);
});

test('a share is granted once in a window, however often Redis fails in between', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 20, perMs: 60_000, replicas: 2 };
  const replica = await startReplica(t, url, quota);
  replica.refuse();
  const uses = [];
  for (let count = 0; count < 15; count += 1) uses.push(await replica.take('desk'));
  assert.equal(countAdmitted(uses), 10);
  replica.refuse(false);
  // Redis counts, and nobody hears of it.
  replica.loseReplies();
  for (let count = 0; count < 15; count += 1) uses.push(await replica.take('desk'));
  assert.equal(countAdmitted(uses), 10);
});

test('until others have told what they admitted without Redis, each keeps to its share', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 40, perMs: 60_000, replicas: 4 };
  const [one, other] = await Promise.all([
    startReplica(t, url, quota),
    startReplica(t, url, quota),
  ]);
  for (const { refuse, returning } of [one, other]) {
    refuse();
    returning.is = true;
  }
  const uses = [];
  for (let count = 0; count < 20; count += 1) uses.push(await one.take('desk'));
  assert.equal(countAdmitted(uses), 10);
  one.refuse(false);
  other.refuse(false);
  for (let count = 0; count < 20; count += 1) {
    uses.push(await one.take('desk'), await other.take('desk'));
  }
  assert.equal(countAdmitted(uses), 20);
  one.beat();
  while ((await usedInRedis(other)) !== 20);
  one.returning.is = false;
  other.returning.is = false;
  for (let count = 0; count < 40; count += 1) uses.push(await other.take('desk'));
  assert.equal(countAdmitted(uses), 40);
});

test('a window that Redis has lost goes on as it is known, and ends when it would have', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url);
  await replica.take('desk', 2);
  await replica.redis.flushall();
  replica.pass(40_000);
  const { used, resetMs } = await replica.take('desk');
  assert.deepEqual([used, resetMs <= 20_000], [3, true]);
  assert.equal((await replica.take('desk')).admitted, false);
});

test('what was admitted alone is told into a window that ends when that one would have', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url);
  replica.refuse();
  await replica.take('desk', 3);
  replica.pass(50_000);
  replica.refuse(false);
  const { admitted, resetMs } = await replica.take('desk');
  assert.deepEqual([admitted, resetMs <= 10_000], [false, true]);
});

test('what was admitted alone in a window that is over is not told', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url);
  replica.refuse();
  await replica.take('desk', 3);
  replica.refuse(false);
  replica.pass(60_000);
  assert.equal((await replica.take('desk')).used, 1);
});

test('a window that never ends is none: an app is not locked out by it', async (t) => {
  const { url } = await startServer(t);
  const { take, redis } = await startReplica(t, url);
  await take('desk');
  const [key] = await redis.keys('*');
  await redis.set(key ?? '', 1_000_000);
  assert.partialDeepStrictEqual(await take('desk'), { admitted: true, used: 2 });
  assert.ok((await redis.pttl(key ?? '')) > 0);
});

test('what is given back never makes the use less than nothing', async (t) => {
  const { url } = await startServer(t);
  const { take } = await startReplica(t, url);
  assert.equal((await take('desk', -1)).used, 0);
  await take('desk', 2);
  assert.equal((await take('desk', -1)).used, 1);
});

type Replica = Awaited<ReturnType<typeof startReplica>>;

/** Takes one by one, a millisecond apart; the uses in order. */
async function takeMany({ take, pass }: Replica, count: number) {
  const uses = [];
  for (let taken = 0; taken < count; taken += 1) {
    pass(1);
    uses.push(await take('desk'));
  }
  return uses;
}

const countAdmitted = (uses: readonly { readonly admitted: boolean }[]) =>
  uses.filter(({ admitted }) => admitted).length;

async function usedInRedis({ redis }: Replica): Promise<number> {
  const [key = ''] = await redis.keys('*');
  return Number(await redis.get(key));
}

const large = { requests: 2_000, perMs: 60_000 };

test('with traffic most requests are counted without asking Redis, and each use is the true one', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  const uses = await takeMany(replica, 1_000);
  assert.deepEqual(
    uses.map(({ used }) => used),
    uses.map((_, index) => index + 1),
  );
  assert.ok(replica.calls() < 100, `${replica.calls()} calls`);
  for (const { resetMs } of uses) assert.ok(resetMs > 0 && resetMs <= large.perMs);
});

test('many at once are counted by a few calls, and each by one use of its own', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, { requests: 100_000, perMs: 60_000 });
  const uses = await Promise.all(Array.from({ length: 1_000 }, () => replica.take('desk')));
  assert.equal(countAdmitted(uses), 1_000);
  assert.deepEqual(
    uses.map(({ used }) => used).sort((a, b) => a - b),
    uses.map((_, index) => index + 1),
  );
  assert.ok(replica.calls() <= 3, `${replica.calls()} calls`);
});

test('so it is where many are more than a part of the quota, and in the next window', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, { requests: 6_000, perMs: 60_000 });
  const takeAll = () => Promise.all(Array.from({ length: 1_000 }, () => replica.take('desk')));
  assert.equal(countAdmitted(await takeAll()), 1_000);
  assert.ok(replica.calls() <= 10, `${replica.calls()} calls`);
  const [key = ''] = await replica.redis.keys('*');
  await replica.redis.set(key, 6_000, 'PX', 60_000);
  while ((await replica.take('desk')).admitted);
  await replica.redis.del(key);
  replica.pass(60_000);
  const before = replica.calls();
  assert.equal(countAdmitted(await takeAll()), 1_000);
  assert.ok(replica.calls() - before <= 10, `${replica.calls() - before} calls`);
});

test('after a failure nothing is taken ahead until a call succeeds', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 200);
  const before = await usedInRedis(replica);
  // Redis counts, and its reply is lost.
  replica.loseReplies();
  while (replica.failures() === 0) await takeMany(replica, 1);
  const asked = await usedInRedis(replica);
  for (let count = 0; count < 5; count += 1) await takeMany(replica, 1);
  // And the one that was counted here while the call for many was under way.
  assert.equal((await usedInRedis(replica)) - asked, 6);
  assert.ok(asked - before <= 100, `${asked - before} counted`);
});

test('many at once who find that Redis fails are counted here, after one wait for all', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, { requests: 100, perMs: 60_000 });
  replica.redis.disconnect();
  const uses = await Promise.all(Array.from({ length: 150 }, () => replica.take('desk')));
  assert.equal(countAdmitted(uses), 100);
  assert.deepEqual([replica.calls(), replica.failures()], [1, 150]);
});

test('replicas at ten times the quota admit all of it, and no more', async (t) => {
  const { url } = await startServer(t);
  const replicas = await Promise.all(
    Array.from({ length: 4 }, () => startReplica(t, url, { requests: 1_000, perMs: 60_000 })),
  );
  const uses = await Promise.all(replicas.map((replica) => takeMany(replica, 2_500)));
  const admitted = countAdmitted(uses.flat());
  assert.ok(admitted <= 1_000 && admitted >= 950, `${admitted} admitted`);
});

test('near the limit nothing is taken ahead', async (t) => {
  const { url } = await startServer(t);
  const [one, other] = await Promise.all([
    startReplica(t, url, { requests: 19, perMs: 60_000 }),
    startReplica(t, url, { requests: 19, perMs: 60_000 }),
  ]);
  assert.equal(countAdmitted(await takeMany(one, 18)), 18);
  assert.deepEqual([one.calls(), await usedInRedis(one)], [18, 18]);
  assert.equal((await other.take('desk')).used, 19);
  assert.equal((await one.take('desk')).admitted, false);
});

test('what a replica holds is given back when it is idle, and not before', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 200);
  assert.ok((await usedInRedis(replica)) > 200);
  replica.wake();
  assert.ok((await usedInRedis(replica)) > 200);
  replica.pass(1_500);
  replica.wake();
  assert.equal(await usedInRedis(replica), 200);
  assert.equal((await replica.take('desk')).used, 201);
});

test('what is held counts for a large cost, and stays where that does not fit', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 100);
  const [whole, small] = await Promise.all([replica.take('desk', 1_901), replica.take('desk')]);
  assert.deepEqual([whole.admitted, small.admitted], [false, true]);
  assert.partialDeepStrictEqual(await replica.take('desk', 1_899), { admitted: true, used: 2_000 });
  assert.equal((await replica.take('desk')).admitted, false);
});

test('a window that is over takes with it what was held in it', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 100);
  const [key = ''] = await replica.redis.keys('*');
  await replica.redis.del(key);
  replica.pass(large.perMs);
  assert.equal((await replica.take('desk')).used, 1);
  replica.wake();
  assert.equal(await usedInRedis(replica), 1);
});

test('what is taken ahead as a window ends brings nothing of it into the next one', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 400);
  replica.shut();
  const before = replica.calls();
  while (replica.calls() === before) {
    replica.take('desk');
    await replica.redis.ping();
  }
  const [key = ''] = await replica.redis.keys('*');
  await replica.redis.del(key);
  replica.pass(large.perMs);
  replica.open();
  const uses = [];
  for (let n = 0; n < 2 * large.requests; n += 1) uses.push(await replica.take('desk'));
  // What was sent before goes on with the window of before, of which 400 were used, and what was taken ahead.
  const admitted = countAdmitted(uses);
  assert.ok(admitted <= large.requests && admitted >= large.requests - 600, String(admitted));
  assert.ok(uses.every(({ used }) => used >= 0 && used <= large.requests));
});

test('what is given back whole leaves nothing counted', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url);
  await replica.take('desk');
  await replica.take('desk', -1);
  assert.deepEqual(await replica.redis.keys('*'), []);
});
