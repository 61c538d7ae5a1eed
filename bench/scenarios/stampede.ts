// Ten thousand callers ask four processes for one cold customer at the same moment.
import { fileURLToPath } from 'node:url';
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import type { Burst, BurstFigures } from '../harness/burst.ts';
import { customerPath } from '../harness/customers.ts';
import { median } from '../harness/figures.ts';
import { HOT_PATH, HOT_VENDOR_BYTES } from '../harness/hot-answer.ts';
import { inTurn } from '../harness/measure.ts';
import { readCalls, startBareFastify, startNodePeer, startRedis } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const stampede: Scenario = {
  name: 'stampede',
  title:
    '10,000 callers on open connections to 4 processes with one Redis ask for one cold customer at once, 200 ms upstream; against 4 bare Fastify processes and the same burst; all servers on one core',
  run: compare,
};

const PROCESSES = 4;
const LATENCY_MS = 200;
const BURST = fileURLToPath(new URL('../harness/burst.ts', import.meta.url));

async function compare(bench: Bench): Promise<readonly Row[]> {
  if (!bench.has('redis-server')) {
    return [{ name: 'vendor calls', leftOut: 'redis-server is not installed' }];
  }
  const callers = bench.pace.quick ? 1_000 : 10_000;
  const redis = await startRedis(bench);
  const args = [String(LATENCY_MS), String(HOT_VENDOR_BYTES), 'by-customer'];
  const { origin: upstream } = await startNodePeer(bench, 'upstream', { args, core: 'load' });
  const services = await fourTimes(() => startService(bench, { upstream, redis }));
  const ours = services.map(({ origin }) => origin);
  for (const origin of ours) await askOk(`${origin}${HOT_PATH}`, CREDENTIAL);
  const { body } = await askOk(`${ours[0]}${HOT_PATH}`, CREDENTIAL);
  const bare = await fourTimes(() => startBareFastify(bench, body));
  const peers = bare.map(({ origin }) => origin);

  const calls: number[] = [];
  const rounds = await inTurn(bench, {
    ours: async (round) => {
      const path = customerPath(round + 1);
      const figures = await burst(bench, ours, { callers, path });
      if (round >= 0) calls.push(await callsFor(upstream, path));
      return figures;
    },
    bare: () => burst(bench, peers, { callers, path: HOT_PATH }),
  });
  const mine = median(rounds.ours.map(({ p99Ms }) => p99Ms));
  const theirs = median(rounds.bare.map(({ p99Ms }) => p99Ms));
  const answered = Math.min(...rounds.ours.map((figures) => figures.answered));
  return [
    {
      name: 'vendor calls for one customer, worst burst',
      ...{ figure: Math.max(...calls), unit: 'calls', target: { atMost: 1 } },
    },
    {
      name: 'p99 of callers (target: 200 ms + 1.5 × bare)',
      ...{ figure: mine, unit: 'ms', target: { atMost: LATENCY_MS + 1.5 * theirs } },
    },
    {
      name: 'callers with an answer, worst burst',
      ...{ figure: (100 * answered) / callers, unit: '%', target: { atLeast: 100 } },
    },
    { name: 'p99 of callers, bare Fastify', figure: theirs, unit: 'ms' },
    { name: 'callers', figure: callers, unit: 'callers' },
  ];
}

/** How often the vendor was asked for the customer of a path. */
async function callsFor(upstream: string, path: string): Promise<number> {
  const { callsOf } = await readCalls(upstream);
  return callsOf[path.split('email=')[1] ?? ''] ?? 0;
}

async function fourTimes<Value>(start: () => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: PROCESSES }, start));
}

async function burst(
  bench: Bench,
  origins: readonly string[],
  { callers, path }: Pick<Burst, 'callers' | 'path'>,
): Promise<BurstFigures> {
  const ports = origins.map((origin) => Number(new URL(origin).port));
  const job: Burst = { ports, callers, warmPath: HOT_PATH, path, headers: CREDENTIAL };
  const args = [BURST, JSON.stringify(job)];
  return JSON.parse(await bench.processes.start({ command: process.execPath, args }).output);
}
