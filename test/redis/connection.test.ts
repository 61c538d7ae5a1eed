// Connections to Redis: with credentials, over TLS, by way of sentinels, and without a server at all.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../src/config/redis-settings.ts';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.ts';
import { createEventLog } from '../support/events.ts';
import { startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { startFailoverCluster } from '../support/redis-failover-cluster.ts';

const single: RedisSettings = { mode: 'single' };

async function connect(t: TestContext, settings: RedisSettings, ...urls: readonly string[]) {
  const events = createEventLog();
  const connection = await connectRedis({
    settings,
    urls,
    emit: events.add,
    commandTimeoutMs: 5_000,
  });
  t.after(() => connection.close());
  return { ...connection, events };
}

async function startServer(t: TestContext, ...args: readonly string[]) {
  const server = await startRedis({ args });
  t.after(() => server.stop());
  return server;
}

const address = ({ port }: { readonly port: number }) => `127.0.0.1:${port}`;

test('a connection is ready when it is made, and says so once', async (t) => {
  const { client, isReady, events } = await connect(t, single, (await startServer(t)).url);
  assert.equal(isReady(), true);
  assert.equal(await client.ping(), 'PONG');
  assert.deepEqual(events.of('redis-state'), [{ type: 'redis-state', state: 'ready' }]);
});

test('user, password and database of the address are used', async (t) => {
  const server = await startServer(t);
  const { client: first } = await connect(t, single, server.url);
  await first.call('ACL', 'SETUSER', 'ann', 'on', '>p@ss:word', '~*', '+@all');
  const user = `redis://ann:p%40ss%3Aword@${address(server)}`;
  const { client } = await connect(t, single, `${user}/3`);
  assert.equal(await client.call('ACL', 'WHOAMI'), 'ann');
  await client.set('key', 'in database 3');
  assert.equal(await (await connect(t, single, user)).client.get('key'), null);
  assert.equal(await (await connect(t, single, `${user}/3`)).client.get('key'), 'in database 3');
});

test('with a wrong password the service starts, and is told why Redis is not there', async (t) => {
  const server = await startServer(t, '--requirepass', 'right');
  const { isReady, events } = await connect(t, single, `redis://:wrong@${address(server)}`);
  assert.equal(isReady(), false);
  const [lost] = events.of('redis-state');
  assert.ok(lost?.state === 'lost');
  assert.equal(lost.reason, 'WRONGPASS');
});

test('without a server the service starts, and Redis is used as soon as there is one', async (t) => {
  const gone = await startServer(t);
  await gone.stop();
  const { client, isReady, events } = await connect(t, single, gone.url);
  assert.equal(isReady(), false);
  const [lost, ...others] = events.of('redis-state');
  assert.ok(lost?.state === 'lost' && others.length === 0);
  assert.equal(lost.reason, 'ECONNREFUSED');

  const server = await startRedis({ port: gone.port });
  t.after(() => server.stop());
  assert.equal((await events.nth('redis-state', 2)).state, 'ready');
  assert.equal(await client.ping(), 'PONG');
});

test('closing is not taken for a loss', async (t) => {
  const server = await startServer(t);
  const { client, close, events } = await connect(t, single, server.url);
  const ended = once(client, 'end');
  await close();
  await ended;
  assert.deepEqual(events.of('redis-state'), [{ type: 'redis-state', state: 'ready' }]);
  await assert.rejects(client.ping());
});

test('closing without a server is quiet, and may be done twice', async (t) => {
  const gone = await startServer(t);
  await gone.stop();
  const { close, events } = await connect(t, single, gone.url);
  await close();
  await close();
  assert.equal(events.of('redis-state').length, 1);
});

test('a connection by way of sentinels finds the master, with its password and database', async (t) => {
  const master = await startServer(t, '--requirepass', 'secret');
  const sentinel = await startSentinel(t, master.port);
  const settings: RedisSettings = { mode: 'sentinel', sentinelName: 'main' };
  const { client, isReady } = await connect(t, settings, `redis://:secret@${address(sentinel)}/5`);
  assert.equal(isReady(), true);
  await client.set('key', 'in database 5');
  const direct = `redis://:secret@${address(master)}/5`;
  assert.equal(await (await connect(t, single, direct)).client.get('key'), 'in database 5');
});

test('the address of a sentinel may be IPv6, and its port is 26379 if it names none', async (t) => {
  const settings: RedisSettings = { mode: 'sentinel', sentinelName: 'main' };
  const { client } = await connect(t, settings, 'redis://[::1]', 'redis://sentinel.invalid:1');
  assert.ok('sentinels' in client.options);
  assert.deepEqual(client.options.sentinels, [
    { host: '::1', port: 26_379 },
    { host: 'sentinel.invalid', port: 1 },
  ]);
});

for (const mode of ['single', 'cluster', 'sentinel'] as const) {
  test(`rediss:// never sends a byte in the clear: ${mode}`, async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const told = new Promise<Buffer>((resolve) => {
      server.on('connection', (socket) => {
        socket.on('error', () => undefined);
        socket.once('data', (bytes) => {
          socket.destroy();
          resolve(bytes);
        });
      });
    });
    const place = server.address();
    assert.ok(place !== null && typeof place === 'object');
    const settings: RedisSettings = { mode, ...(mode === 'sentinel' && { sentinelName: 'main' }) };
    const { client } = await connect(t, settings, `rediss://:secret@${address(place)}`);
    const isHandshake = (await told).readUInt8(0) === 22;
    assert.ok(isHandshake, 'the first record is of a TLS handshake (RFC 8446 §5.1)');
    // Without this the master behind the sentinels is spoken to in the clear.
    const { options } = client;
    if (mode === 'sentinel') {
      assert.ok('enableTLSForSentinelMode' in options && options.enableTLSForSentinelMode);
      assert.ok(options.tls);
    }
  });
}

const CHANNEL = 'messages';

/** Listens; `next` resolves with the next text that is heard. */
function listen({ subscribe }: Pick<RedisConnection, 'subscribe'>) {
  let heard = Promise.withResolvers<string>();
  subscribe(CHANNEL, (text) => {
    heard.resolve(text);
    heard = Promise.withResolvers();
  });
  return { next: () => heard.promise };
}

test('what is published on a channel is heard, over a connection of its own', async (t) => {
  const server = await startServer(t);
  const publisher = await connect(t, single, server.url);
  const { events, ...connection } = await connect(t, single, server.url);
  const { next } = listen(connection);
  assert.deepEqual(await events.nth('redis-messages', 1), {
    type: 'redis-messages',
    state: 'ready',
  });
  const heard = next();
  await publisher.client.publish('other', 'not for us');
  await publisher.client.publish(CHANNEL, 'text');
  assert.equal(await heard, 'text');
  assert.equal(await connection.client.ping(), 'PONG', 'commands go on as before');
});

test('user and password are those of the commands, also where messages are heard', async (t) => {
  const server = await startServer(t, '--requirepass', 'p@ss');
  const url = `redis://:p%40ss@${address(server)}`;
  const { events, client, ...connection } = await connect(t, single, url);
  const { next } = listen(connection);
  await events.nth('redis-messages', 1);
  const heard = next();
  await client.publish(CHANNEL, 'text');
  assert.equal(await heard, 'text');
});

for (const mode of ['single', 'cluster'] as const) {
  const start = mode === 'single' ? startRedis : startCluster;

  test(`messages are heard again when Redis is back: ${mode}`, async (t) => {
    const server = await start();
    const { events, client, ...connection } = await connect(t, { mode }, server.url);
    const { next } = listen(connection);
    await events.nth('redis-messages', 1);
    await server.stop();
    assert.equal((await events.nth('redis-messages', 2)).state, 'lost');
    const returned = await start({ port: server.port });
    t.after(() => returned.stop());
    assert.equal((await events.nth('redis-messages', 3)).state, 'ready');
    await events.nth('redis-state', 3);
    const heard = next();
    await client.publish(CHANNEL, 'back');
    assert.equal(await heard, 'back');
  });

  test(`closing ends the connection for messages, and is not taken for a loss: ${mode}`, async (t) => {
    const server = await start();
    t.after(() => server.stop());
    const { events, close, ...connection } = await connect(t, { mode }, server.url);
    listen(connection);
    await events.nth('redis-messages', 1);
    await close();
    const watcher = new Redis(server.url);
    t.after(() => watcher.disconnect());
    const connections = async () =>
      String(await watcher.client('LIST'))
        .trim()
        .split('\n').length;
    while ((await connections()) > 1) await watcher.ping();
    assert.equal(events.of('redis-messages').length, 1);
    assert.deepEqual(events.of('redis-state'), [{ type: 'redis-state', state: 'ready' }]);
  });
}

test('without a server nothing is heard, and messages are heard as soon as there is one', async (t) => {
  const gone = await startServer(t);
  await gone.stop();
  const { events, client, ...connection } = await connect(t, single, gone.url);
  const { next } = listen(connection);
  const server = await startRedis({ port: gone.port });
  t.after(() => server.stop());
  assert.equal((await events.nth('redis-messages', 1)).state, 'ready');
  await events.nth('redis-state', 2);
  const heard = next();
  await client.publish(CHANNEL, 'text');
  assert.equal(await heard, 'text');
});

test('where listening is refused it is tried again', async (t) => {
  const server = await startServer(t);
  const { client: admin } = await connect(t, single, server.url);
  await admin.call('ACL', 'SETUSER', 'ann', 'on', '>secret', '~*', '+@all', 'resetchannels');
  const url = `redis://ann:secret@${address(server)}`;
  const { events, ...connection } = await connect(t, single, url);
  const { next } = listen(connection);
  const refusals = async () => String(await admin.call('ACL', 'LOG'));
  while (!(await refusals()).includes(CHANNEL)) await admin.ping();
  assert.equal((await events.nth('redis-messages', 1)).state, 'lost');
  await admin.call('ACL', 'SETUSER', 'ann', 'allchannels');
  assert.equal((await events.nth('redis-messages', 2)).state, 'ready');
  const heard = next();
  await admin.publish(CHANNEL, 'text');
  assert.equal(await heard, 'text');
});

for (const mode of ['single', 'cluster'] as const) {
  test(`a connection that hears nothing of what all hear is made anew: ${mode}`, async (t) => {
    const server = await (mode === 'single' ? startRedis : startCluster)();
    t.after(server.stop);
    const { events, client, ...connection } = await connect(t, { mode }, server.url);
    const heard: string[] = [];
    const subscription = connection.subscribe(CHANNEL, (text) => heard.push(text));
    await events.nth('redis-messages', 1);
    const admin = new Redis(server.url);
    t.after(() => admin.disconnect());
    const beat = async () => {
      await admin.publish(CHANNEL, 'beat');
      subscription.expectMessage();
    };
    for (let count = 1; count <= 4; count += 1) {
      await beat();
      while (heard.length < count) await admin.ping();
    }
    assert.equal(events.of('redis-messages').length, 1);
    subscription.expectMessage();
    subscription.expectMessage();
    assert.equal((await events.nth('redis-messages', 2)).state, 'lost');
    assert.equal((await events.nth('redis-messages', 3)).state, 'ready');
    await beat();
    while (heard.length < 5) await admin.ping();
  });
}

test('a connection to a server that only reads is made anew, and not time and again', async (t) => {
  const server = await startServer(t);
  const { client: admin } = await connect(t, single, server.url);
  let ticks = 0;
  const events = createEventLog();
  const { commands, close } = await connectRedis({
    settings: single,
    urls: [server.url],
    emit: events.add,
    commandTimeoutMs: 5_000,
    ticks: () => ticks,
  });
  t.after(close);
  const lua = "return redis.call('SET', KEYS[1], 1)";
  const write = commands.defineScript({ name: 'testWrite', keyCount: 1, lua });
  const states = () => events.of('redis-state').map((event) => event.state);
  await admin.replicaof('127.0.0.1', 1);
  await assert.rejects(write('key'), /READONLY/);
  await events.nth('redis-state', 4);
  assert.deepEqual(states().sort(), ['failing', 'lost', 'ready', 'ready']);
  ticks += 9_999;
  await assert.rejects(write('key'), /READONLY/);
  await commands.hmgetBuffer('none', 'field');
  assert.equal(states().length, 4);
  ticks += 1;
  await assert.rejects(write('key'), /READONLY/);
  await events.nth('redis-state', 6);
  // Where it did not help the wait is twice as long.
  ticks += 19_999;
  await assert.rejects(write('key'), /READONLY/);
  await commands.hmgetBuffer('none', 'field');
  assert.equal(states().length, 6);
  await admin.replicaof('NO', 'ONE');
  await write('key');
});

async function startSentinel(t: TestContext, masterPort: number): Promise<{ port: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'customer-360-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  const free = await startRedis();
  await free.stop();
  await writeFile(
    file,
    [
      `port ${free.port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
      'sentinel auth-pass main secret',
    ].join('\n'),
  );
  const child = spawn('redis-server', [file, '--sentinel'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    await rm(directory, { recursive: true });
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    if (output.includes('+monitor master main')) return { port: free.port };
  }
  throw new Error(`The sentinel did not start: ${output}`);
}

test('of a Cluster each server that hangs is waited for once, and the others are asked', async (t) => {
  const { url, pauseMaster } = await startFailoverCluster(t);
  const connection = await connectRedis({
    settings: { mode: 'cluster' },
    urls: url.split(','),
    emit: createEventLog().add,
    commandTimeoutMs: 50,
  });
  t.after(() => connection.close());
  await pauseMaster();
  const outcomes: Record<string, number> = {};
  // Fifty keys lie on each of the three servers, more or less.
  for (let count = 0; count < 150; count += 1) {
    const outcome = await connection.commands.hmgetBuffer(`key ${count}`, 'field').then(
      () => 'in time',
      ({ message }: Error) => message,
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  assert.equal(outcomes['A command to Redis timed out'], 1, JSON.stringify(outcomes));
  assert.ok((outcomes['Redis answers too late'] ?? 0) > 20, JSON.stringify(outcomes));
  assert.ok((outcomes['in time'] ?? 0) > 60, JSON.stringify(outcomes));
});
