// The connection for messages: refused, lost in the middle of its request, and there again after ever longer waits.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { subscribe } from '../../src/redis/subscription.ts';
import { createEventLog } from '../support/events.ts';

const CHANNEL = 'messages';
const HEARD = `*3\r\n$9\r\nsubscribe\r\n$8\r\n${CHANNEL}\r\n:1\r\n`;
const REFUSED = '-NOPERM this user has no permissions to access one of the channels\r\n';

/** What a server does with a request to listen: answers, or hangs up. */
type Answer = string | null;

/** A server that is ready, and does these with the first requests to listen; it grants all further ones. */
async function startServer(t: TestContext, answers: readonly Answer[]) {
  let asked = 0;
  const answer = (socket: Socket, command: string) => {
    if (command === 'info') return void socket.write('$9\r\nloading:0\r\n');
    if (command !== 'subscribe') return void socket.write('+OK\r\n');
    const reply = asked < answers.length ? answers[asked] : HEARD;
    asked += 1;
    if (reply == null) socket.destroy();
    else socket.write(reply);
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const commands = chunk.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g);
      for (const [, command = ''] of commands) answer(socket, command.toLowerCase());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, asked: () => asked };
}

/** Listens to a server; `attempts` are the waits that were asked for, none of which is long. */
async function listen(t: TestContext, answers: readonly Answer[]) {
  const server = await startServer(t, answers);
  const client = new Redis(server.port, '127.0.0.1', { lazyConnect: true });
  const events = createEventLog();
  const attempts: number[] = [];
  const subscription = subscribe(client, {
    channel: CHANNEL,
    listener: () => undefined,
    emit: events.add,
    reconnectDelayMs: (attempt) => {
      attempts.push(attempt);
      return 1;
    },
  });
  t.after(() => {
    subscription.end();
    client.disconnect();
  });
  const statesUntil = async (count: number) => {
    await events.nth('redis-messages', count);
    return events.of('redis-messages').map(({ state }) => state);
  };
  return { server, attempts, statesUntil };
}

test('a refusal is told once, and the wait before each further try grows', async (t) => {
  const { server, attempts, statesUntil } = await listen(t, [REFUSED, REFUSED, REFUSED]);
  assert.deepEqual(await statesUntil(2), ['lost', 'ready']);
  assert.deepEqual(attempts, [1, 2, 3]);
  assert.equal(server.asked(), 4);
});

test('a connection that is lost in the middle of its request is made anew', async (t) => {
  const { attempts, statesUntil } = await listen(t, [null, null]);
  assert.deepEqual(await statesUntil(1), ['ready']);
  assert.deepEqual(attempts, [1, 2]);
});
