// Everything that a Redis server holds, as raw bytes, and everything that it is told.
import { once } from 'node:events';
import { connect } from 'node:net';
import { Redis } from 'ioredis';

/** Every key that matches, and its fields, members and values, one after the other, the keys in their order. */
export async function redisContents(url: string, pattern = '*'): Promise<Buffer> {
  const redis = new Redis(url);
  const parts: Buffer[] = [];
  for (const key of (await redis.keysBuffer(pattern)).toSorted(Buffer.compare)) {
    parts.push(key, ...(await valuesOf(redis, key)));
  }
  redis.disconnect();
  return Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));
}

async function valuesOf(redis: Redis, key: Buffer): Promise<readonly Buffer[]> {
  const type = await redis.type(key);
  // It has ended meanwhile.
  if (type === 'none') return [];
  if (type === 'string') return [(await redis.getBuffer(key)) ?? Buffer.alloc(0)];
  if (type === 'zset') return redis.zrangeBuffer(key, '0', '-1');
  if (type !== 'hash') throw new Error(`No way to read a ${type} yet`);
  const [fields, values] = [await redis.hkeysBuffer(key), await redis.hvalsBuffer(key)];
  return [...fields, ...values];
}

/** Records every command that a server receives from now on, as the server's `MONITOR` tells it. */
export async function recordCommands(
  port: number,
  password?: string,
): Promise<{ readonly stop: () => Buffer }> {
  const parts: Buffer[] = [];
  const socket = connect(port, '127.0.0.1').on('data', (part) => parts.push(part));
  if (password !== undefined) socket.write(`AUTH ${password}\r\n`);
  socket.write('MONITOR\r\n');
  const isListening = () => Buffer.concat(parts).toString().endsWith('+OK\r\n');
  const wanted = password === undefined ? 5 : 10;
  while (!isListening() || Buffer.concat(parts).length < wanted) await once(socket, 'data');
  return {
    stop: () => {
      socket.destroy();
      return Buffer.concat(parts);
    },
  };
}
