// A hot hit with everything on, against Fastify that does nothing else and against a streaming proxy.
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import { median, ratio } from '../harness/figures.ts';
import { HOT_PATH, loadHot, startHotService, throughputs } from '../harness/hot-answer.ts';
import { inTurn } from '../harness/measure.ts';
import { startBareFastify, startNodePeer, startRedis } from '../harness/peers.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const hotHit: Scenario = {
  name: 'hot-hit',
  title:
    'a hit in memory with app key, quota, log, metrics and all headers, against a bare Fastify route with the same buffer, and against @fastify/http-proxy before the same bytes; one core each',
  run: compare,
};

async function compare(bench: Bench): Promise<readonly Row[]> {
  const redis = bench.has('redis-server') ? await startRedis(bench) : undefined;
  const memoryOnly = await startHotService(bench);
  const withRedis = redis === undefined ? undefined : await startHotService(bench, { redis });
  const bare = await startBareFastify(bench, memoryOnly.body);
  const origin = await startBareFastify(bench, memoryOnly.body, 'load');
  const proxy = await startNodePeer(bench, 'proxy-fastify', { args: [origin] });
  for (const peer of [bare, proxy]) await expectSameBytes(peer, memoryOnly.body);

  const rounds = await inTurn(bench, {
    ours: () => loadHot(bench, (withRedis ?? memoryOnly).origin),
    memoryOnly: () => loadHot(bench, memoryOnly.origin),
    bare: () => loadHot(bench, bare),
    proxy: () => loadHot(bench, proxy),
  });
  const ours = throughputs(rounds.ours);
  const alone = throughputs(rounds.memoryOnly);
  const theirs = throughputs(rounds.bare);
  const proxied = throughputs(rounds.proxy);
  const target = { atLeast: 0.8 } as const;
  return [
    redis === undefined
      ? { name: 'with Redis, against bare Fastify', leftOut: 'redis-server is not installed' }
      : {
          name: 'with Redis, against bare Fastify',
          figure: ratio(ours, theirs),
          unit: '×',
          target,
        },
    { name: 'memory only, against bare Fastify', figure: ratio(alone, theirs), unit: '×', target },
    {
      name: 'against @fastify/http-proxy',
      figure: ratio(ours, proxied),
      unit: '×',
      target: { atLeast: 5 },
    },
    { name: 'ours', figure: median(ours), unit: 'requests/s' },
    { name: 'ours, memory only', figure: median(alone), unit: 'requests/s' },
    { name: 'bare Fastify', figure: median(theirs), unit: 'requests/s' },
    { name: '@fastify/http-proxy', figure: median(proxied), unit: 'requests/s' },
    { name: 'answer', figure: memoryOnly.body.length / 1000, unit: 'kB' },
  ];
}

async function expectSameBytes(peer: string, body: Buffer): Promise<void> {
  const asked = await askOk(`${peer}${HOT_PATH}`);
  if (!asked.body.equals(body)) throw new Error('A peer does not send the same bytes.');
}
