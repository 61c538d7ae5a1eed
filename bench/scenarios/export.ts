// The export of a customer with 100,000 interactions: what it takes of memory, and when it begins.
import { Agent, request } from 'undici';
import type { Bench } from '../harness/bench.ts';
import { customerEmail } from '../harness/customers.ts';
import { median } from '../harness/figures.ts';
import { residentBytes } from '../harness/kernel.ts';
import { readCalls, startNodePeer } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const exporting: Scenario = {
  name: 'export',
  title:
    '/v1/customer/export as NDJSON of customers with 100,000 interactions (--quick: 20,000), of whom nothing is kept: resident memory of the process above what it was before, and the first line',
  run: measure,
};

interface Took {
  readonly extraMb: number;
  readonly ms: number;
  /** Of all vendor calls, those that were made before the first line came. */
  readonly callsBefore: number;
  readonly calls: number;
}

async function measure(bench: Bench): Promise<readonly Row[]> {
  if (process.platform !== 'linux') {
    return [{ name: 'extra memory', leftOut: 'it is read from /proc, on Linux' }];
  }
  const interactions = bench.pace.quick ? 20_000 : 100_000;
  const args = ['0', String(interactions)];
  const upstreamPeer = await startNodePeer(bench, 'history-upstream', { args, core: 'load' });
  const upstream = upstreamPeer.origin;
  const all: Took[] = [];
  for (let round = 0; round < bench.pace.rounds; round += 1) {
    bench.say(`  round ${round + 1} of ${bench.pace.rounds}`);
    // A process of its own each time: memory that was once taken is not given back.
    const service = await startService(bench, { upstream, maxCalls: 100_000 });
    await read(`${service.origin}/v1/customer`, { email: customerEmail(round) });
    all.push(await exportOf({ ...service, upstream, round, interactions }));
    await service.process.stop();
  }
  const most = (of: (took: Took) => number) => Math.max(...all.map(of));
  return [
    {
      name: `memory above that before, ${interactions} interactions, most`,
      figure: most(({ extraMb }) => extraMb),
      unit: 'MB',
      target: { atMost: 100 },
    },
    {
      name: 'vendor calls before the first line, most',
      figure: most(({ callsBefore, calls }) => (100 * callsBefore) / calls),
      unit: '%',
      target: { atMost: 99 },
    },
    { name: 'vendor calls, median', figure: median(all.map(({ calls }) => calls)), unit: 'calls' },
    { name: 'until the last line, median', figure: median(all.map(({ ms }) => ms)), unit: 'ms' },
  ];
}

async function exportOf(of: {
  readonly origin: string;
  readonly process: { readonly pid: number };
  readonly upstream: string;
  readonly round: number;
  readonly interactions: number;
}): Promise<Took> {
  const before = (await readCalls(of.upstream)).calls;
  const { nowBytes } = await residentBytes(of.process.pid);
  const begin = performance.now();
  let callsBefore = 0;
  const body = { email: customerEmail(of.round) };
  const lastLine = await read(`${of.origin}/v1/customer/export`, body, async () => {
    callsBefore = (await readCalls(of.upstream)).calls - before;
  });
  const ms = performance.now() - begin;
  const { highestBytes } = await residentBytes(of.process.pid);
  const end: { complete?: boolean; interactions?: number } = JSON.parse(lastLine);
  if (!end.complete || end.interactions !== of.interactions) throw new Error(lastLine);
  const calls = (await readCalls(of.upstream)).calls - before;
  return { extraMb: (highestBytes - nowBytes) / 1e6, ms, callsBefore, calls };
}

/** Reads a reply to its end. The last line of it. */
async function read(
  url: string,
  body: object,
  onFirst: () => Promise<void> = async () => undefined,
): Promise<string> {
  const dispatcher = new Agent({ connections: 1 });
  const headers = { ...CREDENTIAL, 'content-type': 'application/json' };
  try {
    const options = { method: 'POST', headers, body: JSON.stringify(body), dispatcher } as const;
    const reply = await request(url, options);
    let tail = '';
    let isFirst = true;
    for await (const chunk of reply.body) {
      if (isFirst) await onFirst();
      isFirst = false;
      tail = (tail + chunk).slice(-4096);
    }
    if (reply.statusCode !== 200) throw new Error(`${url}: ${reply.statusCode} ${tail}`);
    return tail.trimEnd().split('\n').at(-1) ?? '';
  } finally {
    await dispatcher.close();
  }
}
