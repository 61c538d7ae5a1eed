// The Redis servers that other tests rely on: ready, alone, and never left behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis } from './redis.ts';

async function answer(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.write(`${command}\r\n`);
  const [reply] = await once(socket, 'data');
  socket.destroy();
  return String(reply);
}

test('a started server answers at its url, and no longer after stop', async () => {
  const redis = await startRedis();
  const connection = new Redis(redis.url, { retryStrategy: null });
  assert.equal(await connection.set('key', 'value'), 'OK');
  connection.disconnect();

  await redis.stop();
  await redis.stop();
  await assert.rejects(answer(redis.port, 'PING'), { code: 'ECONNREFUSED' });
});

test('servers started side by side share nothing', async () => {
  const [one, other] = await Promise.all([startRedis(), startRedis()]);
  await answer(one.port, 'SET key value');

  assert.notEqual(one.port, other.port);
  assert.equal(await answer(other.port, 'EXISTS key'), ':0\r\n');
  await Promise.all([one.stop(), other.stop()]);
});

test('a server can come back, empty, where one has been', async () => {
  const first = await startRedis();
  await answer(first.port, 'SET key value');
  await first.stop();
  const second = await startRedis({ port: first.port });

  assert.equal(second.url, first.url);
  assert.equal(await answer(second.port, 'DBSIZE'), ':0\r\n');
  await second.stop();
});

test('a paused server accepts but does not answer until it is resumed', async () => {
  const redis = await startRedis();
  redis.pause();
  let isAnswered = false;
  const reply = answer(redis.port, 'PING').finally(() => {
    isAnswered = true;
  });
  const accepted = connect(redis.port, '127.0.0.1');
  await once(accepted, 'connect');
  accepted.destroy();
  assert.equal(isAnswered, false);

  redis.resume();
  assert.equal(await reply, '+PONG\r\n');
  await redis.stop();
});

test('more arguments reach the server', async () => {
  const locked = await startRedis({ args: ['--requirepass', 'secret'] });
  assert.match(await answer(locked.port, 'PING'), /^-NOAUTH/);
  await locked.stop();

  const cluster = await startRedis({ args: ['--cluster-enabled', 'yes'] });
  assert.match(await answer(cluster.port, 'CLUSTER INFO'), /cluster_enabled|cluster_state/);
  await cluster.stop();
});

test('a server that cannot start says why', async () => {
  await assert.rejects(
    startRedis({ args: ['--no-such-setting', 'x'] }),
    /did not start(.|\n)*no-such/,
  );

  const first = await startRedis();
  await assert.rejects(startRedis({ port: first.port }), /Address already in use/);
  await first.stop();
});

test('a server ends when the process that started it is killed', async () => {
  const script = `
    import { startRedis } from ${JSON.stringify(import.meta.resolve('./redis.ts'))};
    console.log((await startRedis()).port);
    setInterval(() => {}, 1000);
  `;
  const owner = spawn(
    process.execPath,
    [...process.execArgv, '--input-type=module-typescript', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(owner.stdout, 'readable');
  const connection = connect(Number(owner.stdout.read()), '127.0.0.1');
  await once(connection, 'connect');
  // A server that is made to end may cut the connection off.
  connection.on('error', () => undefined);
  const ended = new Promise((resolve) => connection.once('close', resolve));
  owner.kill('SIGKILL');

  await ended;
});
