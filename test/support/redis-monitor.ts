// What a Redis server is sent, as it sees it (MONITOR).
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';

/** A client, and its stream of `monitor` events: time, words of the command, and where it came from (`lua`: a script). */
export interface RedisMonitor {
  readonly client: Redis;
  readonly monitor: Redis;
}

/** Watches a server until the test ends. */
export async function startMonitor(t: TestContext, url: string): Promise<RedisMonitor> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  // The server may end before the test does.
  for (const each of [client, monitor]) each.on('error', () => undefined);
  t.after(() => {
    monitor.disconnect();
    client.disconnect();
  });
  return { client, monitor };
}
