// What a Redis server is sent, as it sees it (MONITOR).
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';

/** A client, and a source of `monitor` events: time, words of the command, and where it came from (`lua`: a script). */
export interface RedisMonitor {
  readonly client: Redis;
  readonly monitor: EventEmitter;
}

/** `+1795451765.772384 [0 127.0.0.1:44128] "info"` */
const COMMAND = /^\+(?<time>[\d.]+) \[\d+ (?<from>[^\]]*)\] (?<words>.*)$/;
const WORD = /"((?:[^"\\]|\\.)*)"/g;

/**
 * Watches a server until the test ends. Over a socket of its own: a client takes a command that arrives together with
 * the reply to MONITOR for a reply that nobody waits for.
 */
export async function startMonitor(t: TestContext, url: string): Promise<RedisMonitor> {
  const client = new Redis(url);
  // What it asks when it connects is not watched.
  await client.ping();
  const monitor = new EventEmitter();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // The server may end before the test does.
  for (const each of [client, socket]) each.on('error', () => undefined);
  t.after(() => {
    socket.destroy();
    client.disconnect();
  });
  createInterface(socket).on('line', (line) => {
    if (line === '+OK') return monitor.emit('watching');
    const { time, words = '', from } = COMMAND.exec(line)?.groups ?? {};
    monitor.emit(
      'monitor',
      time,
      [...words.matchAll(WORD)].map(([, word]) => word),
      from,
    );
  });
  const watching = once(monitor, 'watching');
  socket.write('MONITOR\r\n');
  await watching;
  return { client, monitor };
}
