// A hot hit with everything on, against Fastify that does nothing else and against a streaming proxy.
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import { HOT_PATH, loadHot, startHotService } from '../harness/hot-answer.ts';
import { inTurn } from '../harness/measure.ts';
import { startBareFastify, startNodePeer, startRedis } from '../harness/peers.ts';
import type { Server } from '../harness/processes.ts';
import { ratioRows, throughputRow } from '../harness/throughput.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const hotHit: Scenario = {
  name: 'hot-hit',
  title:
    'a hit in memory with app key, quota, log, metrics and all headers, against a bare Fastify route with the same buffer, and against @fastify/http-proxy before the same bytes; one core each',
  run: compare,
};

const TARGET = { atLeast: 0.8 } as const;

async function compare(bench: Bench): Promise<readonly Row[]> {
  const redis = bench.has('redis-server') ? await startRedis(bench) : undefined;
  const memoryOnly = await startHotService(bench);
  const full = redis === undefined ? memoryOnly : await startHotService(bench, { redis });
  const bare = await startBareFastify(bench, memoryOnly.body);
  // All that it takes to answer is on one core, of either side.
  const { origin } = await startBareFastify(bench, memoryOnly.body);
  const proxy = await startNodePeer(bench, 'proxy-fastify', { args: [origin] });
  for (const peer of [bare, proxy]) await expectSameBytes(peer, memoryOnly.body);

  const rounds = await inTurn(bench, {
    full: () => loadHot(bench, full),
    memoryOnly: () => loadHot(bench, memoryOnly),
    bare: () => loadHot(bench, bare),
    proxy: () => loadHot(bench, proxy),
  });
  const against = (name: 'full' | 'memoryOnly') => ({ ours: rounds[name], theirs: rounds.bare });
  return [
    ...(redis === undefined
      ? [{ name: 'with Redis, against bare Fastify', leftOut: 'redis-server is not installed' }]
      : ratioRows('with Redis, against bare Fastify', against('full'), TARGET)),
    ...ratioRows('memory only, against bare Fastify', against('memoryOnly'), TARGET),
    ...ratioRows(
      'against @fastify/http-proxy',
      { ours: rounds.full, theirs: rounds.proxy },
      { atLeast: 5 },
    ),
    throughputRow(redis === undefined ? 'ours' : 'ours, with Redis', rounds.full),
    throughputRow('ours, memory only', rounds.memoryOnly),
    throughputRow('bare Fastify', rounds.bare),
    throughputRow('@fastify/http-proxy', rounds.proxy),
    { name: 'answer', figure: memoryOnly.body.length / 1000, unit: 'kB' },
  ];
}

async function expectSameBytes({ origin }: Server, body: Buffer): Promise<void> {
  const asked = await askOk(`${origin}${HOT_PATH}`);
  if (!asked.body.equals(body)) throw new Error('A peer does not send the same bytes.');
}
