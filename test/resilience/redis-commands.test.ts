// Commands of Redis behind a guard: refused at once without a connection, and their failures told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRedis } from '../../src/redis.ts';
import { createEventLog } from '../support/events.ts';
import { startRedis } from '../support/redis.ts';

test('a Cluster that was never found holds no command back', async (t) => {
  const events = createEventLog();
  const connection = await connectRedis({
    settings: { mode: 'cluster' },
    urls: ['redis://127.0.0.1:1'],
    emit: events.add,
    commandTimeoutMs: 60_000,
  });
  t.after(() => connection.close());
  await assert.rejects(connection.commands.hgetBuffer('key', 'field'), /no connection/);
  await assert.rejects(connection.commands.eval('return 1', 1, 'key'), /no connection/);
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
  const write = () => connection.commands.eval("return redis.call('SET', KEYS[1], 1)", 1, 'key');
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
