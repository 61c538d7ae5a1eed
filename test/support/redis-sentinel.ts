// A Redis with two replicas, watched by three sentinels that replace a lost master within seconds.

import type { Ending } from './ending.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { asking } from './redis-question.ts';
import { untilTrue } from './until.ts';

/** Real servers and sentinels. They end with who started them. */
export interface SentinelRedis {
  /** The URLs of the sentinels, for `REDIS_URL`. */
  readonly url: string;
  /** For `REDIS_SENTINEL_NAME`. */
  readonly name: string;
  /** Ends the present master as a crash does. What starts a server in its place, as a replica, comes back. */
  killMaster(): Promise<{ comeBack(): Promise<void> }>;
}

const NAME = 'chaos';
const DOWN_AFTER_MS = 700;
const FAILOVER_TIMEOUT_MS = 3_000;
const READY_WITHIN_MS = 20_000;

/** Starts them, and waits until the sentinels know all of them. */
export async function startSentinel(t: Ending): Promise<SentinelRedis> {
  const servers = new Map<number, RedisServer>();
  const start = async (args: readonly string[] = [], port?: number): Promise<RedisServer> => {
    const server = await startRedis({ args, ...(port !== undefined && { port }) });
    servers.set(server.port, server);
    t.after(server.stop);
    return server;
  };
  const following = (port: number) => ['--replicaof', `127.0.0.1 ${port}`];
  const first = await start();
  await Promise.all([start(following(first.port)), start(following(first.port))]);
  await asking(first.url, (redis) =>
    untilTrue(READY_WITHIN_MS, async () =>
      (await redis.info('replication')).includes('connected_slaves:2'),
    ),
  );
  const sentinels = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const sentinel = await startRedis({ sentinel: configuration(first.port) });
      t.after(sentinel.stop);
      return sentinel;
    }),
  );
  for (const { url } of sentinels) {
    await asking(url, (redis) =>
      untilTrue(READY_WITHIN_MS, async () => {
        const known = await redis.call('SENTINEL', 'MASTER', NAME);
        const facts = Array.isArray(known) ? known.map(String) : [];
        const fact = (name: string) => facts[facts.indexOf(name) + 1];
        return fact('num-slaves') === '2' && fact('num-other-sentinels') === '2';
      }),
    );
  }
  const [{ url = '' } = {}] = sentinels;
  const masterPort = () =>
    asking(url, async (redis) => {
      const address = await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
      return Number(Array.isArray(address) ? address[1] : Number.NaN);
    });
  return {
    url: sentinels.map((sentinel) => sentinel.url).join(','),
    name: NAME,
    async killMaster() {
      const port = await masterPort();
      await servers.get(port)?.stop();
      return {
        async comeBack() {
          await untilTrue(READY_WITHIN_MS, async () => (await masterPort()) !== port);
          await start(following(await masterPort()), port);
        },
      };
    },
  };
}

function configuration(masterPort: number): string {
  return [
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
    '',
  ].join('\n');
}
