// Faults of a single Redis.
import type { ProxyMode } from '../../support/fault-proxy.ts';
import type { BegunFault, Row } from '../row.ts';
import type { SingleRedis } from '../topology.ts';

type Play = (redis: SingleRedis) => Promise<() => Promise<unknown> | unknown>;

/** A port of this machine on which nobody listens. */
const NOBODY = '1';

/** One row for each. */
export const REDIS_ROWS: readonly Row[] = [
  row('redis-killed', 'Redis is killed; an empty one comes back at the end', async (redis) => {
    await redis.kill();
    return redis.start;
  }),
  row('redis-restarted', 'Redis is killed and comes back empty at once', async (redis) => {
    await redis.kill();
    await redis.start();
    return () => undefined;
  }),
  spoilt('redis-slow-25', 'each reply of Redis is 25 ms late', {
    mode: 'latency',
    latencyMs: 25,
  }),
  spoilt('redis-slow-40', 'each reply of Redis is 40 ms late', {
    mode: 'latency',
    latencyMs: 40,
  }),
  spoilt('redis-slow-100', 'each reply of Redis is 100 ms late', {
    mode: 'latency',
    latencyMs: 100,
  }),
  spoilt('redis-slow-400', 'each reply of Redis is 400 ms late', {
    mode: 'latency',
    latencyMs: 400,
  }),
  row('redis-hanging', 'Redis is stopped (SIGSTOP)', async (redis) => {
    redis.pause();
    return redis.resume;
  }),
  spoilt('redis-black-hole', 'connections to Redis stay, and nothing passes', {
    mode: 'blackHole',
  }),
  spoilt('redis-half-open-refused', 'connections are dead, new ones are refused', {
    mode: 'halfOpen',
    newcomers: 'refused',
  }),
  spoilt('redis-half-open-silent', 'connections are dead, new ones are silent', {
    mode: 'halfOpen',
    newcomers: 'silent',
  }),
  spoilt('redis-reset', 'connections to Redis are reset, new ones too', { mode: 'reset' }),
  spoilt('redis-narrow', 'Redis replies at 20 kB/s', {
    mode: 'bandwidth',
    bytesPerSecond: 20_000,
  }),
  row('redis-full', 'Redis has no memory left and evicts nothing', async ({ ask }) => {
    await ask((redis) => redis.config('SET', 'maxmemory-policy', 'noeviction'));
    await ask((redis) => redis.config('SET', 'maxmemory', '1'));
    return () => ask((redis) => redis.config('SET', 'maxmemory', '0'));
  }),
  row('redis-read-only', 'Redis is the replica of a host that is gone', async ({ ask }) => {
    await ask((redis) => redis.replicaof('127.0.0.1', NOBODY));
    return () => ask((redis) => redis.replicaof('NO', 'ONE'));
  }),
  row('redis-no-replicas', 'Redis takes no writes without a replica', async ({ ask }) => {
    await ask((redis) => redis.config('SET', 'min-replicas-to-write', '1'));
    return () => ask((redis) => redis.config('SET', 'min-replicas-to-write', '0'));
  }),
];

function spoilt(name: string, about: string, mode: ProxyMode): Row {
  return row(name, about, async ({ proxy }) => {
    await proxy.set(mode);
    return () => proxy.set({ mode: 'pass' });
  });
}

function row(name: string, about: string, play: Play): Row {
  return {
    name,
    about,
    kind: 'redis',
    topology: 'single',
    async begin({ topology }): Promise<BegunFault> {
      if (topology.single === undefined) throw new TypeError(`${name} needs a single Redis.`);
      const end = await play(topology.single);
      return {
        async end() {
          await end();
          return [];
        },
      };
    },
  };
}
