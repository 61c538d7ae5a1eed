// Customers in many spellings: how often the vendor is called, by the service and by caches keyed on the URL.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import { loadWithUndici } from '../harness/load.ts';
import { readCalls, startNginx, startNodePeer, startVarnish } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import { createZipf, SPELLINGS, spellingsOf } from '../harness/spellings.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const spellings: Scenario = {
  name: 'spellings',
  title:
    '2,000 customers (Zipf), each in 6 spellings of identity and time range, 60,000 requests: calls to the vendor for each customer, beside nginx and varnish keyed on the URL',
  run: compare,
};

const CUSTOMERS = 2_000;
const CONNECTIONS = 32;

async function compare(bench: Bench): Promise<readonly Row[]> {
  const requests = bench.pace.quick ? 6_000 : 60_000;
  const { paths, asked } = drawPaths(requests);
  const file = join(await bench.folder(), 'paths.json');
  await writeFile(file, JSON.stringify(paths));
  const { origin: upstream } = await startNodePeer(bench, 'upstream', {
    args: ['0', '4000'],
    core: 'load',
  });
  const ours = await startService(bench, { upstream });
  const servers = new Map([['ours', ours]]);
  const rows: Row[] = [];
  const origin = upstream;
  if (bench.has('nginx')) servers.set('nginx', await startNginx(bench, { origin, gzip: 'off' }));
  else rows.push({ name: 'nginx', leftOut: 'nginx is not installed' });
  if (bench.has('varnishd')) servers.set('varnish', await startVarnish(bench, origin));
  else rows.push({ name: 'varnish', leftOut: 'varnish is not installed' });

  for (const [name, server] of servers) {
    await askOk(`${upstream}/control/reset`);
    await loadWithUndici(bench, {
      origin: server.origin,
      path: { file },
      headers: CREDENTIAL,
      connections: CONNECTIONS,
      until: { requests },
    });
    const { calls } = await readCalls(upstream);
    rows.push({
      name,
      ...{ figure: calls / asked, unit: 'calls/customer' },
      ...(name === 'ours' && { target: { atMost: 1.02 } }),
    });
  }
  return [...rows, { name: 'customers asked for', figure: asked, unit: 'customers' }];
}

/** As many paths as requests, the same in each run, and how many customers are among them. */
function drawPaths(requests: number): { paths: string[]; asked: number } {
  const zipf = createZipf(CUSTOMERS);
  const random = createRandom(1);
  const asked = new Set<number>();
  const paths = Array.from({ length: requests }, () => {
    const number = zipf(random());
    asked.add(number);
    return spellingsOf(number)[Math.floor(random() * SPELLINGS)] ?? '';
  });
  return { paths, asked: asked.size };
}

/** Numbers from 0 to below 1 that look random and are the same for each seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
