// A hit in Redis with nothing of it in memory, against Fastify that reads the same bytes and sends them.
import { Redis } from 'ioredis';
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import { customerPath, customers } from '../harness/customers.ts';
import { HOT_VENDOR_BYTES } from '../harness/hot-answer.ts';
import { type Load, loadWithUndici } from '../harness/load.ts';
import { inTurn } from '../harness/measure.ts';
import { startNodePeer, startRedis } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import { measureThroughput, ratioRows, throughputRow } from '../harness/throughput.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const redisHit: Scenario = {
  name: 'redis-hit',
  title:
    'a hit in Redis, with far more customers in turn than memory holds, against a Fastify route with one getBuffer of the same bytes and a send; one core each, Redis beside the load',
  run: compare,
};

const CONNECTIONS = 64;

async function compare(bench: Bench): Promise<readonly Row[]> {
  if (!bench.has('redis-server')) {
    return [{ name: 'against bare Fastify', leftOut: 'redis-server is not installed' }];
  }
  // With 16 kB each, memory of 1 MiB holds some 60 of them.
  const count = bench.pace.quick ? 500 : 2_000;
  const redis = await startRedis(bench);
  const { origin: upstream } = await startNodePeer(bench, 'upstream', {
    args: ['0', String(HOT_VENDOR_BYTES)],
    core: 'load',
  });
  const ours = await startService(bench, { upstream, redis, memory: '1MiB' });
  const { origin } = ours;
  const peer = await startNodePeer(bench, 'redis-fastify', { args: [redis] });

  const once: Load = {
    origin,
    path: customers(0, count),
    headers: CREDENTIAL,
    connections: 16,
    until: { requests: count },
  };
  await loadWithUndici(bench, once);
  await givePeer(redis, count, async (path) => (await askOk(`${origin}${path}`, CREDENTIAL)).body);
  const { cacheStatus } = await loadWithUndici(bench, once);
  const share = shareOf(cacheStatus, 'detail=redis');

  const load = { path: customers(0, count), headers: CREDENTIAL, connections: CONNECTIONS };
  const rounds = await inTurn(bench, {
    ours: () => measureThroughput(bench, ours, load),
    bare: () => measureThroughput(bench, peer, load),
  });
  const against = { ours: rounds.ours, theirs: rounds.bare };
  return [
    ...ratioRows('against bare Fastify', against, { atLeast: 0.8 }),
    { name: 'answered from Redis', figure: share * 100, unit: '%', target: { atLeast: 95 } },
    throughputRow('ours', rounds.ours),
    throughputRow('bare Fastify', rounds.bare),
  ];
}

/** Keeps our reply of each customer under its path, where the peer looks for it. */
async function givePeer(
  redis: string,
  count: number,
  replyOf: (path: string) => Promise<Buffer>,
): Promise<void> {
  const client = new Redis(redis);
  for (let number = 0; number < count; number += 1) {
    const path = customerPath(number);
    await client.set(path, await replyOf(path));
  }
  await client.quit();
}

/** The share (0 to 1) of the replies whose `Cache-Status` names this detail. */
function shareOf(cacheStatus: Readonly<Record<string, number>>, detail: string): number {
  const counts = Object.entries(cacheStatus);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const matching = counts.filter(([status]) => status.includes(detail));
  return matching.reduce((sum, [, count]) => sum + count, 0) / total;
}
