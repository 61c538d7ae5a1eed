// A question to one Redis server, over a connection of its own.
import { Redis } from 'ioredis';

/** Asks over a connection that ends with the question. */
export async function asking<Result>(
  url: string,
  ask: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = new Redis(url);
  redis.on('error', () => undefined);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}
