// Quotas of all replicas together, on a real Redis; in each process alone while Redis fails.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Allowance } from '../../src/domain/tenant.ts';
import type { RunScript } from '../../src/redis/commands.ts';
import { createAloneWatch } from '../../src/resilience/alone-watch.ts';
import { RETURN_MS } from '../../src/resilience/replicas.ts';
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
  const underWay = new Set<Promise<unknown>>();
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
        const run: RunScript = async (...args) => {
          if (gate.isShut) await new Promise<void>((resolve) => gate.held.push(resolve));
          if (isRefusing) throw Object.assign(new Error('OOM'), { name: 'ReplyError' });
          const reply = await runScript(...args);
          if (isLosing) throw new Error('The reply is lost');
          return reply;
        };
        return (...args) => {
          calls += 1;
          const called = run(...args);
          underWay.add(called);
          called.catch(() => undefined).then(() => underWay.delete(called));
          return called;
        };
      },
    },
    ticks: () => time,
    later: (run) => void planned.push(run),
    keyOf: (name) => `c360:quota:{${createHmac('sha256', 'secret').update(name).digest('hex')}}`,
    replicas: {
      count: () => replicas,
      isReturning: (failedAt) => returning.is || time - failedAt < RETURN_MS,
      onBeat: (listener) => void beats.push(listener),
    },
    watch: createAloneWatch({ onChange: (state) => changes.push(state), ticks: () => time }),
    onFailure: () => {
      failures += 1;
    },
  });
  const wake = () => {
    for (const run of planned.splice(0)) run();
  };
  return {
    take: async (name: string, cost = 1) => counter.take(name, cost, quota),
    /** Whether a request is counted without waiting for anything. */
    takesAtOnce: (name: string) => !(counter.take(name, 1, quota) instanceof Promise),
    events,
    failures: () => failures,
    calls: () => calls,
    pass: (ms: number) => {
      time += ms;
    },
    /** Does what was to be done later. */
    wake,
    /** The same, until Redis knows what was counted. */
    sync: async () => {
      wake();
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    /** From now on Redis does what it is asked, and nobody hears of it; or again it answers. */
    loseReplies: (isOn = true) => {
      isLosing = isOn;
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

const startPair = (t: TestContext, url: string, quota?: Parameters<typeof startReplica>[2]) =>
  Promise.all([startReplica(t, url, quota), startReplica(t, url, quota)]);

test('replicas count in one window, and what does not fit is refused whole', async (t) => {
  const { url } = await startServer(t);
  const [one, other] = await startPair(t, url);
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
  const replicas = await startPair(t, url);
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
  assert.deepEqual([failures(), changes], [2, ['alone']]);
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
  const [one, other] = await startPair(t, url, quota);
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
  await Promise.all([replica.take('desk'), replica.take('desk'), replica.sync()]);
  assert.equal(await usedInRedis(replica), 11);
  await replica.sync();
  assert.equal(await usedInRedis(replica), 11);
  assert.deepEqual(replica.changes, ['alone']);
  replica.pass(RETURN_MS);
  replica.beat();
  await replica.sync();
  assert.equal((await replica.take('desk')).used, 12);
  assert.deepEqual(replica.changes, ['alone', 'shared']);
});

test('Redis is told with the next beat, though nobody asks, and also of more than there is', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 18, perMs: 60_000 };
  const [one, other] = await startPair(t, url, quota);
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
  const [one, other] = await startPair(t, url, quota);
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
    if (count % 5 === 0) await Promise.all([one.sync(), other.sync()]);
  }
  assert.equal(countAdmitted(uses), 20);
  one.returning.is = false;
  other.returning.is = false;
  await Promise.all([one.sync(), other.sync()]);
  assert.equal(await usedInRedis(one), 20);
  for (let count = 0; count < 40; count += 1) uses.push(await other.take('desk'));
  assert.equal(countAdmitted(uses), 40);
});

test('once others have told, each counts again with what they use', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 40, perMs: 60_000, replicas: 4 };
  const [one, other] = await startPair(t, url, quota);
  one.returning.is = true;
  assert.equal((await one.take('desk')).admitted, true);
  await one.sync();
  one.returning.is = false;
  one.beat();
  await one.sync();
  await other.take('desk', 38);
  assert.equal(countAdmitted(await takeMany(one, 5)), 1);
});

test('of a Cluster a part may have been away by itself: its windows are returning, too', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 40, perMs: 60_000, replicas: 4 };
  const [one, other] = await startPair(t, url, quota);
  for (const { refuse } of [one, other]) refuse();
  assert.equal(countAdmitted(await takeMany(one, 20)), 10);
  assert.equal(countAdmitted(await takeMany(other, 5)), 5);
  for (const { refuse } of [one, other]) refuse(false);
  // The other one has not told yet.
  one.beat();
  await one.sync();
  assert.equal(countAdmitted(await takeMany(one, 20)), 0);
  other.beat();
  await other.sync();
  for (const { pass, beat, sync } of [one, other]) {
    pass(RETURN_MS);
    beat();
    await sync();
  }
  assert.equal(countAdmitted(await takeMany(one, 40)), 25);
});

test('a share is of no use when Redis says that all is used', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 40, perMs: 60_000, replicas: 4 };
  const [one, other] = await startPair(t, url, quota);
  one.returning.is = true;
  assert.equal((await one.take('desk')).admitted, true);
  await one.sync();
  await other.take('desk', 39);
  await one.take('desk', 0);
  await one.sync();
  assert.equal((await one.take('desk')).admitted, false);
});

test('what is counted while Redis is being told is told next', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 5);
  replica.shut();
  const synced = replica.sync();
  await takeMany(replica, 3);
  replica.wake();
  replica.open();
  await synced;
  assert.equal(await usedInRedis(replica), 5);
  await replica.sync();
  assert.equal(await usedInRedis(replica), 8);
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

test('so it does where somebody who knew less has begun it anew', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 40, perMs: 60_000 };
  const [one, other] = await startPair(t, url, quota);
  await one.take('desk', 30);
  one.pass(40_000);
  await one.redis.flushall();
  assert.equal((await other.take('desk', 5)).used, 5);
  const { used, resetMs } = await one.take('desk');
  assert.deepEqual([used, resetMs <= 20_000], [31, true]);
  assert.equal((await other.take('desk', 10)).admitted, false);
});

test('what a window is known for that ends on the way is of no use in the next one', async (t) => {
  const { url } = await startServer(t);
  const [one, other] = await startPair(t, url, large);
  await one.take('desk', 1_500);
  const [key = ''] = await one.redis.keys('*');
  one.pass(large.perMs - 10);
  one.shut();
  assert.equal(one.takesAtOnce('desk'), true);
  const synced = one.sync();
  await one.redis.del(key);
  assert.equal((await other.take('desk')).used, 1);
  one.open();
  await synced;
  assert.equal(await usedInRedis(one), 1_501);
  // It ends when the one of before would have.
  while ((await one.redis.exists(key)) === 1);
  assert.equal((await other.take('desk', 1_999)).admitted, true);
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

test('what Redis may have counted is not told again', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await replica.take('desk');
  await takeMany(replica, 5);
  replica.loseReplies();
  await replica.sync();
  assert.equal(await usedInRedis(replica), 6);
  replica.loseReplies(false);
  assert.equal((await replica.take('desk')).admitted, true);
  await replica.sync();
  assert.deepEqual([await usedInRedis(replica), replica.failures()], [7, 1]);
});

test('many at once who find that Redis fails are counted here, after one wait for all', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, { requests: 100, perMs: 60_000 });
  replica.redis.disconnect();
  const uses = await Promise.all(Array.from({ length: 150 }, () => replica.take('desk')));
  assert.equal(countAdmitted(uses), 100);
  assert.deepEqual([replica.calls(), replica.failures()], [1, 1]);
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

test('also when each knows least of the others, no more than 102 % is admitted', async (t) => {
  const { url } = await startServer(t);
  const quota = { requests: 1_000, perMs: 60_000, replicas: 4 };
  const replicas = await Promise.all(Array.from({ length: 4 }, () => startReplica(t, url, quota)));
  let admitted = 0;
  for (const replica of replicas) admitted += countAdmitted(await takeMany(replica, 1));
  const [first, ...others] = replicas as [Replica, ...Replica[]];
  admitted += countAdmitted(await takeMany(first, 2_000));
  assert.ok(admitted <= 1_000, `${admitted} admitted`);
  for (const other of others) admitted += countAdmitted(await takeMany(other, 2_000));
  assert.ok(admitted > 1_000 && admitted <= 1_020, `${admitted} admitted`);
  // What was told in the end is what was admitted.
  for (const { sync } of replicas) await sync();
  assert.equal(await usedInRedis(first), admitted);
});

test('a lone request waits for nothing, and Redis is told of it later', async (t) => {
  const { url } = await startServer(t);
  const [one, other] = await startPair(t, url, large);
  // The first one asks what others have used of the window.
  assert.equal((await one.take('desk')).used, 1);
  assert.equal((await other.take('desk')).used, 2);
  for (let count = 3; count < 10; count += 1) {
    one.pass(3_000);
    assert.equal(one.takesAtOnce('desk'), true);
    assert.equal(await usedInRedis(one), count - 1);
    await one.sync();
    assert.equal(await usedInRedis(one), count);
  }
  assert.equal(one.calls(), 8);
  await one.sync();
  assert.equal(one.calls(), 8);
});

test('near the limit each request is asked for', async (t) => {
  const { url } = await startServer(t);
  const [one, other] = await startPair(t, url, { requests: 100, perMs: 60_000, replicas: 2 });
  assert.equal((await one.take('desk', 1)).used, 1);
  for (let used = 2; used < 100; used += 2) {
    assert.equal((await other.take('desk')).used, used);
    assert.equal((await one.take('desk')).used, used + 1);
  }
  assert.equal((await other.take('desk')).admitted, true);
  assert.equal((await one.take('desk')).admitted, false);
});

test('where the quota is used up nobody is asked, but others hear of it where Redis forgot', async (t) => {
  const { url } = await startServer(t);
  const [one, other] = await startPair(t, url);
  await one.take('desk', 3);
  const calls = one.calls();
  for (let count = 0; count < 100; count += 1) {
    assert.equal(one.takesAtOnce('desk'), true);
    assert.equal((await one.take('desk')).admitted, false);
  }
  assert.equal(one.calls(), calls);
  await one.redis.flushall();
  await one.sync();
  assert.equal(one.calls(), calls + 1);
  assert.equal((await other.take('desk')).admitted, false);
});

test('who comes during a call is answered by it, or by the next one', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  replica.shut();
  const first = replica.take('desk');
  const later = [replica.take('desk'), replica.take('desk', 1_500), replica.take('desk', -1)];
  replica.open();
  assert.equal((await first).used, 1);
  assert.deepEqual(
    (await Promise.all(later)).map(({ admitted, used }) => [admitted, used]),
    [
      [true, 2],
      [true, 1_502],
      [true, 1_501],
    ],
  );
  assert.equal(replica.calls(), 2);
});

test('nothing of a window that is over counts in the next one', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 10);
  const [key = ''] = await replica.redis.keys('*');
  await replica.redis.del(key);
  replica.pass(large.perMs);
  assert.equal((await replica.take('desk')).used, 1);
  assert.equal(await usedInRedis(replica), 1);
});

test('what is told as a window ends is not counted in the next one', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url, large);
  await takeMany(replica, 20);
  replica.shut();
  const synced = replica.sync();
  replica.pass(large.perMs);
  const next = replica.take('desk');
  replica.open();
  await Promise.all([synced, next]);
  await replica.sync();
  // What was sent before goes on with the window of before, as Redis does: its clock has not moved.
  assert.deepEqual([await usedInRedis(replica), (await next).used], [21, 21]);
});

test('a window becomes shorter where the quota does', async (t) => {
  const { url } = await startServer(t);
  const before = await startReplica(t, url, { requests: 100, perMs: 3_600_000 });
  await before.take('desk');
  const { take } = await startReplica(t, url, { requests: 100, perMs: 60_000 });
  const { used, resetMs } = await take('desk');
  assert.deepEqual([used, resetMs <= 60_000], [2, true]);
  const [key = ''] = await before.redis.keys('*');
  assert.ok((await before.redis.pttl(key)) <= 60_000);
});

test('what is given back whole leaves nothing counted', async (t) => {
  const { url } = await startServer(t);
  const replica = await startReplica(t, url);
  await replica.take('desk');
  await replica.take('desk', -1);
  assert.deepEqual(await replica.redis.keys('*'), []);
});
