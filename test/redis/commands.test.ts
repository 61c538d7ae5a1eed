// Commands of Redis behind a guard: refused at once without a connection, and their failures told.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { mayBeDone } from '../../src/redis/commands.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { OverdueReply } from '../../src/redis/patience.ts';
import { createEventLog } from '../support/events.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { startRedis } from '../support/redis.ts';
import { connectTo } from '../support/redis-connection.ts';

const ECHO = {
  name: 'testEcho',
  keyCount: 1,
  lua: "return {KEYS[1], ARGV[1], #ARGV, redis.call('HGET', KEYS[1], 'none')}",
};

async function connect(t: TestContext, commandTimeoutMs = 5_000) {
  const server = await startRedis();
  t.after(server.stop);
  const { connection, events } = await connectTo(t, server.url, commandTimeoutMs);
  return { ...connection, events, server };
}

test('a script takes its keys, then its arguments; texts in the reply are bytes', async (t) => {
  const { commands } = await connect(t);
  const bytes = Buffer.from([0, 255, 13, 10]);
  const reply = await commands.defineScript(ECHO)('key', bytes);
  assert.deepEqual(reply, [Buffer.from('key'), bytes, 1, null]);
});

test('a script runs also where Redis has forgotten it', async (t) => {
  const { commands, client, isHealthy } = await connect(t);
  const run = commands.defineScript(ECHO);
  await run('key', 'before');
  await client.script('FLUSH');
  const replies = await Promise.all([run('key', 'a'), run('key', 'b'), run('key', 'c')]);
  const expected = ['a', 'b', 'c'].map((text) => [Buffer.from('key'), Buffer.from(text), 1, null]);
  assert.deepEqual(replies, expected);
  assert.equal(isHealthy(), true);
});

test('a script that fails is a failure like any other', async (t) => {
  const { commands, client, isHealthy, events } = await connect(t);
  await client.set('key', 'a text, no hash');
  await assert.rejects(commands.defineScript(ECHO)('key', 'text'), /WRONGTYPE/);
  await assert.rejects(commands.hmgetBuffer('key', 'field'), /WRONGTYPE/);
  assert.equal(isHealthy(), false);
  assert.deepEqual(
    events.of('redis-state').map((event) => ('reason' in event ? event.reason : event.state)),
    ['ready', 'WRONGTYPE'],
  );
});

test('fields of a hash are read in their order, with null for what is not there', async (t) => {
  const { commands, client } = await connect(t);
  const bytes = Buffer.from([0, 255]);
  await client.hset('key', 'one', bytes, 'two', '2');
  assert.deepEqual(await commands.hmgetBuffer('key', 'two', 'none', 'one'), [
    Buffer.from('2'),
    null,
    bytes,
  ]);
  assert.deepEqual(await commands.hmgetBuffer('nothing', 'one'), [null]);
});

test('a Cluster that was never found holds no command back', async (t) => {
  const events = createEventLog();
  const connection = await connectRedis({
    settings: { mode: 'cluster' },
    urls: ['redis://127.0.0.1:1'],
    emit: events.add,
    commandTimeoutMs: 60_000,
  });
  t.after(() => connection.close());
  await assert.rejects(connection.commands.hmgetBuffer('key', 'field'), /no connection/);
  const run = connection.commands.defineScript(ECHO);
  await assert.rejects(run('key', 'text'), /no connection/);
  assert.equal(connection.isHealthy(), false);
});

test('a Redis that refuses commands is told once a minute, and is unhealthy for a while', async (t) => {
  const redis = await startRedis({
    args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'],
  });
  t.after(() => redis.stop());
  let ticks = 0;
  const events = createEventLog();
  const connection = await connectRedis({
    settings: { mode: 'single' },
    urls: [redis.url],
    emit: events.add,
    commandTimeoutMs: 5_000,
    ticks: () => ticks,
  });
  t.after(() => connection.close());
  const runSet = connection.commands.defineScript({
    name: 'testSet',
    keyCount: 1,
    lua: "return redis.call('SET', KEYS[1], 1)",
  });
  const write = () => runSet('key');
  assert.equal(connection.isHealthy(), true);
  await assert.rejects(write());
  await assert.rejects(write());
  assert.equal(connection.isHealthy(), false);
  assert.deepEqual(events.of('redis-state'), [
    { type: 'redis-state', state: 'ready' },
    { type: 'redis-state', state: 'failing', reason: 'OOM' },
  ]);
  ticks = 10_000;
  assert.equal(connection.isHealthy(), true);
  ticks = 60_000;
  await assert.rejects(write());
  assert.equal(events.of('redis-state').length, 3);
});

test('one late answer is waited for; then none, but what is for others is sent', async (t) => {
  const { commands, client, server, events, isHealthy } = await connect(t, 50);
  const set = { keyCount: 1, lua: "return redis.call('SET', KEYS[1], ARGV[1])" };
  const run = commands.defineScript({ name: 'testSetOwn', ...set });
  const tell = commands.defineScript({ name: 'testSetForOthers', ...set, isForOthers: true });
  await run('own', 'before');
  await tell('for others', 'before');
  server.pause();
  await assert.rejects(commands.hmgetBuffer('key', 'field'), OverdueReply);
  assert.equal(isHealthy(), false);
  await assert.rejects(commands.hmgetBuffer('key', 'field'), /too late/);
  for (const [script, key, isSent] of [
    [run, 'own', false],
    [tell, 'for others', true],
  ] as const) {
    const failure = await script(key, 'after').catch((error: unknown) => error);
    assert.match(String(failure), /too late/);
    assert.equal(mayBeDone(failure), isSent, key);
  }
  const states = [1, 2].map((count) => events.nth('redis-breaker', count));
  server.resume();
  assert.deepEqual(
    (await Promise.all(states)).map((event) => event.state),
    ['open', 'closed'],
  );
  assert.equal(isHealthy(), true);
  assert.deepEqual(await client.mget('own', 'for others'), ['before', 'after']);
});

test('a Redis that is always late is soon left alone, and as long as it is', async (t) => {
  const server = await startRedis();
  t.after(server.stop);
  const proxy = await startFaultProxy(t, server.port);
  const { connection, events } = await connectTo(t, `redis://127.0.0.1:${proxy.port}`, 500);
  const { commands, isHealthy } = connection;
  await proxy.set({ mode: 'latency', latencyMs: 200 });
  let asked = 0;
  for (; isHealthy() && asked < 20; asked += 1) {
    await commands.hmgetBuffer('key', 'field').catch(() => undefined);
  }
  // On a busy machine a part of each wait does not count.
  assert.ok(asked >= 3 && asked <= 8, `${asked} were waited for`);
  await assert.rejects(commands.hmgetBuffer('key', 'field'), /too late/);
  // The looks are late as well, though each alone is in time for a request.
  const direct = new Redis(server.url);
  t.after(() => direct.disconnect());
  const looks = async () => /cmdstat_exists:calls=(\d+)/.exec(await direct.info('all'))?.[1] ?? 0;
  while (Number(await looks()) < 4) await direct.ping();
  assert.deepEqual(events.of('redis-breaker'), [{ type: 'redis-breaker', state: 'open' }]);
  await proxy.set({ mode: 'pass' });
  assert.equal((await events.nth('redis-breaker', 2)).state, 'closed');
  assert.deepEqual(await commands.hmgetBuffer('key', 'field'), [null]);
});

test('what is for others may be late, and is no reason to leave Redis alone', async (t) => {
  const { commands, server, isHealthy } = await connect(t, 50);
  const tell = commands.defineScript({ ...ECHO, isForOthers: true });
  await tell('key', 'text');
  server.pause();
  await assert.rejects(tell('key', 'text'), OverdueReply);
  assert.equal(isHealthy(), true);
  await assert.rejects(commands.hmgetBuffer('key', 'field'), OverdueReply);
  assert.equal(isHealthy(), false);
  server.resume();
});
