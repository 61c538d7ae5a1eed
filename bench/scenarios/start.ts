// From nothing to the first answer, and the memory of a process that has nothing to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import { median } from '../harness/figures.ts';
import { HOT_PATH } from '../harness/hot-answer.ts';
import { residentBytes } from '../harness/kernel.ts';
import { inTurn } from '../harness/measure.ts';
import { startBareFastify, startNodePeer, startRedis } from '../harness/peers.ts';
import type { Server } from '../harness/processes.ts';
import { CREDENTIAL, spawnService } from '../harness/service.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const start: Scenario = {
  name: 'start',
  title: 'node dist/main.js until its first 200 from /v1/customer, and its memory when idle',
  run: measure,
};

interface Start {
  readonly answeredMs: number;
  readonly idleBytes: number;
}

const TARGET_MS = { atMost: 500 } as const;
const TARGET_MB = { atMost: 100 } as const;

async function measure(bench: Bench): Promise<readonly Row[]> {
  if (process.platform !== 'linux') return [{ name: 'start', leftOut: 'memory is read on Linux' }];
  const { origin: upstream } = await startNodePeer(bench, 'upstream', {
    args: ['0', '2000'],
    core: 'load',
  });
  const alone = () => startOnce(bench, upstream);
  const bare = () => startBareOnce(bench);
  if (!bench.has('redis-server')) {
    const rounds = await inTurn(bench, { memoryOnly: alone, bare });
    return [
      ...rowsOf('memory only', rounds.memoryOnly, true),
      ...rowsOf('bare Fastify', rounds.bare),
    ];
  }
  const redis = await startRedis(bench);
  const rounds = await inTurn(bench, {
    memoryOnly: alone,
    withRedis: () => startOnce(bench, upstream, redis),
    bare,
  });
  return [
    ...rowsOf('memory only', rounds.memoryOnly, true),
    ...rowsOf('with Redis', rounds.withRedis, true),
    ...rowsOf('bare Fastify', rounds.bare),
  ];
}

async function startOnce(bench: Bench, upstream: string, redis?: string): Promise<Start> {
  const startedAt = performance.now();
  const { service } = await spawnService(bench, { upstream, redis });
  await service.process.until(() => askOk(`${service.origin}${HOT_PATH}`, CREDENTIAL));
  return finish(bench, service, startedAt);
}

/** The same of a Fastify that has nothing but one route. */
async function startBareOnce(bench: Bench): Promise<Start> {
  const startedAt = performance.now();
  return finish(bench, await startBareFastify(bench, Buffer.from('{}')), startedAt);
}

async function finish(bench: Bench, { process }: Server, startedAt: number): Promise<Start> {
  const answeredMs = performance.now() - startedAt;
  await sleep(bench.pace.seconds * 1000);
  const { nowBytes } = await residentBytes(process.pid);
  await process.stop();
  return { answeredMs, idleBytes: nowBytes };
}

function rowsOf(name: string, starts: readonly Start[], isOurs = false): Row[] {
  const answered = median(starts.map(({ answeredMs }) => answeredMs));
  const idle = median(starts.map(({ idleBytes }) => idleBytes)) / 1e6;
  return [
    {
      name: `${name}, first answer`,
      figure: answered,
      unit: 'ms',
      ...(isOurs && { target: TARGET_MS }),
    },
    {
      name: `${name}, idle memory`,
      figure: idle,
      unit: 'MB',
      ...(isOurs && { target: TARGET_MB }),
    },
  ];
}
