// A Redis Cluster of three masters and three replicas, which take over from a lost master within seconds.
import type { Redis } from 'ioredis';
import type { Ending } from './ending.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { asking } from './redis-question.ts';
import { untilTrue } from './until.ts';

/** Real servers. They end with who started them. */
export interface FailoverCluster {
  /** The URLs of all nodes at the start, for `REDIS_URL`. */
  readonly url: string;
  /** Ends a master as a crash does. What puts an empty node in its place, as a replica, comes back. */
  killMaster(): Promise<{ comeBack(): Promise<void> }>;
  /** Makes a master hang. What lets it go on, as a replica by then, comes back when all is well. */
  pauseMaster(): Promise<{ resume(): Promise<void> }>;
}

/** A line of `CLUSTER NODES`. */
interface KnownNode {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly masterId: string;
  readonly hasSlots: boolean;
}

const SLOTS = 16_384;
const MASTERS = 3;
const NODES = 2 * MASTERS;
const NODE_TIMEOUT_MS = 1_500;
const READY_WITHIN_MS = 30_000;
const ARGS = [
  ...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
  ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--cluster-replica-validity-factor', '0'],
];

/** Starts the nodes, and waits until each slot has a master and a replica. */
export async function startFailoverCluster(t: Ending): Promise<FailoverCluster> {
  const nodes = new Map<number, RedisServer>();
  const start = async (): Promise<RedisServer> => {
    const node = await startRedis({ args: ARGS });
    nodes.set(node.port, node);
    t.after(node.stop);
    return node;
  };
  const started = await Promise.all(Array.from({ length: NODES }, start));
  const [first] = started;
  if (first === undefined) throw new Error('There is no node.');
  for (const { url } of started) await meet(url, first.port);
  for (const { url } of started)
    await until(url, async (redis) => (await known(redis)).length === NODES);
  const ids = await Promise.all(started.map(({ url }) => asking(url, idOf)));
  for (const [index, { url }] of started.entries()) {
    const slot = (part: number) => Math.floor((part * SLOTS) / MASTERS);
    await asking(url, async (redis) => {
      if (index >= MASTERS) await redis.cluster('REPLICATE', ids[index - MASTERS] ?? '');
      else await redis.cluster('ADDSLOTSRANGE', slot(index), slot(index + 1) - 1);
    });
  }
  await untilWhole(nodes);

  return {
    url: started.map(({ url }) => url).join(','),
    async killMaster() {
      const lost = await someMaster();
      await nodes.get(lost.port)?.stop();
      nodes.delete(lost.port);
      return { comeBack: () => replace(lost) };
    },
    async pauseMaster() {
      const { port } = await someMaster();
      nodes.get(port)?.pause();
      return {
        async resume() {
          nodes.get(port)?.resume();
          await untilWhole(nodes);
        },
      };
    },
  };

  async function someMaster(): Promise<KnownNode> {
    const master = (await viewOf(nodes)).find(({ hasSlots }) => hasSlots);
    if (master === undefined) throw new Error('There is no master.');
    return master;
  }

  async function replace(lost: KnownNode): Promise<void> {
    await untilTrue(READY_WITHIN_MS, async () => {
      const view = await viewOf(nodes);
      return view.filter(({ hasSlots, port }) => hasSlots && nodes.has(port)).length === MASTERS;
    });
    const view = await viewOf(nodes);
    const followed = new Set(view.filter(isAlive).map(({ masterId }) => masterId));
    const alone = view.find(
      ({ hasSlots, id, port }) => hasSlots && nodes.has(port) && !followed.has(id),
    );
    for (const { url } of nodes.values()) {
      await asking(url, (redis) => redis.cluster('FORGET', lost.id)).catch(() => undefined);
    }
    const [present] = nodes.values();
    const node = await start();
    await meet(node.url, present?.port ?? 0);
    await until(node.url, async (redis) => (await known(redis)).some(({ id }) => id === alone?.id));
    await until(node.url, async (redis) => {
      await redis.cluster('REPLICATE', alone?.id ?? '');
      return true;
    });
    await untilWhole(nodes);
  }
}

function isAlive({ flags }: KnownNode): boolean {
  return !flags.some((flag) => flag.startsWith('fail'));
}

async function meet(url: string, port: number): Promise<void> {
  await asking(url, (redis) => redis.cluster('MEET', '127.0.0.1', port));
}

/** Each node says that all is well, and each replica has what its master has. */
async function untilWhole(nodes: ReadonlyMap<number, RedisServer>): Promise<void> {
  for (const { url } of nodes.values()) {
    await until(url, async (redis) => {
      const replication = await redis.info('replication');
      const isWell = (await redis.cluster('INFO')).includes('cluster_state:ok');
      return isWell && (replication.includes('link_status:up') || replication.includes('slaves:1'));
    });
  }
}

/** What a node that lives knows about all of them. */
function viewOf(nodes: ReadonlyMap<number, RedisServer>): Promise<readonly KnownNode[]> {
  const [present] = nodes.values();
  return asking(present?.url ?? '', known);
}

async function until(url: string, isTrue: (redis: Redis) => Promise<boolean>): Promise<void> {
  await asking(url, (redis) => untilTrue(READY_WITHIN_MS, () => isTrue(redis)));
}

async function idOf(redis: Redis): Promise<string> {
  return String(await redis.cluster('MYID'));
}

async function known(redis: Redis): Promise<readonly KnownNode[]> {
  const lines = String(await redis.cluster('NODES'))
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [id = '', address = '', flags = '', masterId = '', ...rest] = line.split(' ');
    const port = Number(/:(\d+)@/.exec(address)?.[1]);
    return { id, port, flags: flags.split(','), masterId, hasSlots: rest.length > 4 };
  });
}
