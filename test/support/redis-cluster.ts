// A Redis Cluster of one real node, which holds all slots.
import { Redis } from 'ioredis';
import { type RedisOptions, type RedisServer, startRedis } from './redis.ts';

/** Starts it, and waits until it accepts commands, which takes Redis two seconds. */
export async function startCluster(options: RedisOptions = {}): Promise<RedisServer> {
  const node = await startRedis({
    ...options,
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
      ...(options.args ?? []),
    ],
  });
  const password = passwordOf(options);
  const client = new Redis(node.url, password === undefined ? {} : { password });
  await client.cluster('ADDSLOTSRANGE', 0, 16_383);
  while (!(await client.cluster('INFO')).includes('cluster_state:ok')) await client.ping();
  client.disconnect();
  return node;
}

function passwordOf({ args = [] }: RedisOptions): string | undefined {
  const at = args.indexOf('--requirepass');
  return at < 0 ? undefined : args[at + 1];
}
