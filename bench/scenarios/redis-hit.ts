// A hit in Redis with nothing of it in memory, against Fastify that reads the same bytes and sends them.
import { Redis } from 'ioredis';
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import { customerPath, customers } from '../harness/customers.ts';
import { median, ratio } from '../harness/figures.ts';
import { HOT_VENDOR_BYTES, throughputs } from '../harness/hot-answer.ts';
import { type Load, loadWithUndici, loadWithWrk } from '../harness/load.ts';
import { inTurn } from '../harness/measure.ts';
import { startNodePeer, startRedis } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const redisHit: Scenario = {
  name: 'redis-hit',
  title:
    'a hit in Redis, with far more customers in turn than memory holds, against a Fastify route with one getBuffer of the same bytes and a send; one core each, Redis beside the load',
  run: compare,
};

/** With 16 kB each, memory of 1 MiB holds some 60 of them. */
const CUSTOMERS = 2_000;
const CONNECTIONS = 64;

async function compare(bench: Bench): Promise<readonly Row[]> {
  if (!bench.has('redis-server')) {
    return [{ name: 'against bare Fastify', leftOut: 'redis-server is not installed' }];
  }
  const redis = await startRedis(bench);
  const upstream = await startNodePeer(bench, 'upstream', {
    args: ['0', String(HOT_VENDOR_BYTES)],
    core: 'load',
  });
  const { origin } = await startService(bench, { upstream, redis, memory: '1MiB' });
  const peer = await startNodePeer(bench, 'redis-fastify', { args: [redis] });

  const once: Load = {
    origin,
    path: customers(0, CUSTOMERS),
    headers: CREDENTIAL,
    connections: 16,
    until: { requests: CUSTOMERS },
  };
  await loadWithUndici(bench, once);
  await givePeer(redis, async (path) => (await askOk(`${origin}${path}`, CREDENTIAL)).body);
  const { cacheStatus } = await loadWithUndici(bench, once);
  const share = shareOf(cacheStatus, 'detail=redis');

  const load = (at: string) => () =>
    loadWithWrk(bench, {
      ...once,
      origin: at,
      connections: CONNECTIONS,
      until: { seconds: bench.pace.seconds },
    });
  const rounds = await inTurn(bench, { ours: load(origin), bare: load(peer) });
  const ours = throughputs(rounds.ours);
  const theirs = throughputs(rounds.bare);
  return [
    {
      name: 'against bare Fastify',
      figure: ratio(ours, theirs),
      unit: '×',
      target: { atLeast: 0.8 },
    },
    { name: 'answered from Redis', figure: share * 100, unit: '%', target: { atLeast: 95 } },
    { name: 'ours', figure: median(ours), unit: 'requests/s' },
    { name: 'bare Fastify', figure: median(theirs), unit: 'requests/s' },
  ];
}

/** Keeps our reply of each customer under its path, where the peer looks for it. */
async function givePeer(redis: string, replyOf: (path: string) => Promise<Buffer>): Promise<void> {
  const client = new Redis(redis);
  for (let number = 0; number < CUSTOMERS; number += 1) {
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
