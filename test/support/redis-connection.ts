// A connection of the service's own kind to a single Redis, which ends with the test.
import { connectRedis, type RedisConnection } from '../../src/redis/connection.ts';
import type { Ending } from './ending.ts';
import { createEventLog } from './events.ts';

/** Connects, and keeps what the connection tells. */
export async function connectTo(
  t: Ending,
  url: string,
  commandTimeoutMs = 5_000,
): Promise<{
  readonly connection: RedisConnection;
  readonly events: ReturnType<typeof createEventLog>;
}> {
  const events = createEventLog();
  const connection = await connectRedis({
    settings: { mode: 'single' },
    urls: [url],
    emit: events.add,
    commandTimeoutMs,
  });
  t.after(() => connection.close());
  return { connection, events };
}
