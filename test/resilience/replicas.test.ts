// Processes that share Redis know how many they are, and what part of an allowance is theirs.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { createReplicas, RETURN_MS, shareOf } from '../../src/resilience/replicas.ts';
import { startRedis } from '../support/redis.ts';
import { connectTo } from '../support/redis-connection.ts';

const CHANNEL = 'channel';

async function startServer(t: TestContext) {
  const server = await startRedis();
  const control = new Redis(server.url);
  t.after(async () => {
    control.disconnect();
    await server.stop();
  });
  const time = { ticks: 0 };
  /** A process that beats when it is told to, and resolves when Redis has taken that. */
  const join = async (id: string, { url = server.url, atLeast = 1 } = {}) => {
    const { connection, events } = await connectTo(t, url);
    let beatNow = () => {};
    let isEnded = false;
    const replicas = createReplicas({
      redis: connection.commands,
      id,
      atLeast,
      message: { channel: CHANNEL, text: `${id} beat` },
      ticks: () => time.ticks,
      every: (run) => {
        beatNow = run;
        return () => {
          isEnded = true;
        };
      },
    });
    const nextBeat = () =>
      new Promise<{ readonly isPublished: boolean }>((resolve) => replicas.onBeat(resolve));
    const first = await nextBeat();
    const beat = () => {
      const next = nextBeat();
      beatNow();
      return next;
    };
    return {
      ...replicas,
      beat,
      tryBeat: () => beatNow(),
      first,
      connection,
      events,
      isEnded: () => isEnded,
    };
  };
  return { server, control, join, time };
}

test('each knows of those that have beaten, and forgets those that are silent', async (t) => {
  const { control, join } = await startServer(t);
  const one = await join('one');
  assert.equal(one.count(), 1);
  const other = await join('other');
  assert.equal(other.count(), 2);
  await one.beat();
  assert.equal(one.count(), 2);
  const [key = ''] = await control.keys('*');
  await control.zincrby(key, -7_000, 'other');
  await one.beat();
  assert.equal(one.count(), 1);
  assert.ok((await control.pttl(key)) > 6_000, 'and nothing stays for good');
  one.end();
  assert.equal(one.isEnded(), true);
});

test('while Redis is not there it is the number seen last', async (t) => {
  const { server, join } = await startServer(t);
  await join('one');
  const other = await join('other');
  await server.stop();
  await other.events.nth('redis-state', 2);
  assert.equal(other.count(), 2);
});

test('who has not reached Redis is returning, until the others have beaten as well', async (t) => {
  const { control, join, time } = await startServer(t);
  const one = await join('one');
  const isReturning = () => one.isReturning(Number.NEGATIVE_INFINITY);
  assert.equal(isReturning(), false);
  await control.config('SET', 'maxmemory', '1');
  one.tryBeat();
  while (!isReturning()) await control.ping();
  await control.config('SET', 'maxmemory', '0');
  await one.beat();
  assert.equal(isReturning(), true);
  time.ticks = RETURN_MS;
  assert.equal(isReturning(), false);
  assert.deepEqual([one.isReturning(1), one.isReturning(0)], [true, false]);
});

test('a Redis that has come back empty has not ended the others', async (t) => {
  const { control, join } = await startServer(t);
  await join('one');
  const other = await join('other');
  await control.flushall();
  for (let beats = 1; beats <= 5; beats += 1) {
    assert.equal(other.count(), 2, `after ${beats - 1} beats`);
    await other.beat();
  }
  assert.equal(other.count(), 1, 'who has not beaten since is gone');
});

test('who has missed beats counts on the others that may have missed them, too', async (t) => {
  const { control, join, time } = await startServer(t);
  await join('one');
  const other = await join('other');
  const [key = ''] = await control.keys('*');
  // Redis was away from all: of the other's beat nothing is left, of this one's just enough.
  await control.zrem(key, 'one');
  time.ticks = 4_001;
  for (let beats = 1; beats <= 4; beats += 1) {
    await other.beat();
    assert.equal(other.count(), 2, `after ${beats} beats`);
    time.ticks += 2_000;
  }
  await other.beat();
  assert.equal(other.count(), 1, 'who has not beaten since is gone');
});

test('there are as many as are known to be, though Redis knows of fewer, or of none', async (t) => {
  const { server, join } = await startServer(t);
  const one = await join('one', { atLeast: 3 });
  assert.equal(one.count(), 3);
  const others = await Promise.all(['a', 'b', 'c'].map((id) => join(id)));
  await one.beat();
  assert.equal(one.count(), 4);
  assert.equal(others.length, 3);
  await server.stop();
  assert.equal(one.count(), 4);
});

test('all who listen are told of each beat, where that is allowed', async (t) => {
  const { server, control, join } = await startServer(t);
  const listener = new Redis(server.url);
  t.after(() => listener.disconnect());
  await listener.subscribe(CHANNEL);
  const heard = new Promise((resolve) => listener.once('message', (_, text) => resolve(text)));
  const one = await join('one');
  assert.equal(await heard, 'one beat');
  assert.deepEqual(one.first, { isPublished: true });
  await control.call('ACL', 'SETUSER', 'ann', 'on', '>secret', '~*', '+@all', 'resetchannels');
  const other = await join('other', { url: server.url.replace('//', '//ann:secret@') });
  assert.deepEqual(other.first, { isPublished: false });
  assert.equal(other.count(), 2);
});

test('a share is a whole number of requests, one at least', () => {
  const shares = [1, 3, 4, 100].map((count) => shareOf({ requests: 10, perMs: 5 }, count));
  assert.deepEqual(
    shares.map(({ requests }) => requests),
    [10, 3, 2, 1],
  );
  assert.deepEqual(new Set(shares.map(({ perMs }) => perMs)), new Set([5]));
});
