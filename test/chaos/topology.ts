// The Redis of a run: a single server behind a fault proxy, one with sentinels, or a Cluster.
import type { Redis } from 'ioredis';
import type { Ending } from '../support/ending.ts';
import { type ProxyThread, startProxyThread } from '../support/fault-proxy-thread.ts';
import { startRedis } from '../support/redis.ts';
import { startFailoverCluster } from '../support/redis-failover-cluster.ts';
import { asking } from '../support/redis-question.ts';
import { startSentinel } from '../support/redis-sentinel.ts';

/** What kinds there are. */
export const TOPOLOGIES = ['single', 'sentinel', 'cluster'] as const;

/** One of them. */
export type TopologyName = (typeof TOPOLOGIES)[number];

/** A single server, which replicas reach through a proxy. */
export interface SingleRedis {
  readonly proxy: ProxyThread;
  /** Ends it as a crash does; nobody can connect. */
  kill(): Promise<void>;
  /** Starts an empty one in the place of one that was killed. */
  start(): Promise<void>;
  /** It hangs. */
  pause(): void;
  resume(): void;
  /** Asks it past the proxy. */
  ask<Result>(question: (redis: Redis) => Promise<Result>): Promise<Result>;
}

/** A Redis that has more than one server. */
export interface FailoverRedis {
  killMaster(): Promise<{ comeBack(): Promise<void> }>;
  /** Makes a master hang, where that can be played. */
  pauseMaster?(): Promise<{ resume(): Promise<void> }>;
}

/** A Redis of one of the kinds, and how replicas find it. */
export interface Topology {
  readonly env: Readonly<Record<string, string>>;
  readonly single?: SingleRedis;
  readonly failover?: FailoverRedis;
}

/** Starts a Redis of this kind. */
export async function startTopology(t: Ending, name: TopologyName): Promise<Topology> {
  switch (name) {
    case 'single':
      return startSingle(t);
    case 'sentinel': {
      const failover = await startSentinel(t);
      const env = { REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME: failover.name };
      return { env: { ...env, REDIS_URL: failover.url }, failover };
    }
    case 'cluster': {
      const failover = await startFailoverCluster(t);
      return { env: { REDIS_MODE: 'cluster', REDIS_URL: failover.url }, failover };
    }
  }
}

async function startSingle(t: Ending): Promise<Topology> {
  let server = await startRedis();
  const { port } = server;
  t.after(() => server.stop());
  const proxy = await startProxyThread(t, port);
  const single: SingleRedis = {
    proxy,
    async kill() {
      await server.stop();
      await proxy.set({ mode: 'down' });
    },
    async start() {
      server = await startRedis({ port });
      await proxy.set({ mode: 'pass' });
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    ask: (question) => asking(server.url, question),
  };
  return { env: { REDIS_URL: `redis://127.0.0.1:${proxy.port}` }, single };
}
