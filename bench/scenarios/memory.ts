// A million customers through a cache of 128 MiB: what the process takes, and whether it stops growing.
import type { Bench } from '../harness/bench.ts';
import { customers } from '../harness/customers.ts';
import { median } from '../harness/figures.ts';
import { residentBytes } from '../harness/kernel.ts';
import { type Load, loadWithUndici } from '../harness/load.ts';
import { startNodePeer } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const memory: Scenario = {
  name: 'memory',
  title:
    'a million distinct customers with small and mixed answers through cache.memory of 128 MiB, without Redis: resident memory of the process',
  run: measure,
};

/** Of the vendor's answers, in turn: most customers have little. */
const VENDOR_BYTES = [1_000, 1_000, 2_000, 1_000, 3_000, 2_000, 6_000, 12_000];
const CONNECTIONS = 32;
const SAMPLE_EVERY_MS = 100;
/** A garbage collection more or less is no growth. */
const NO_GROWTH_MB = 8;

async function measure(bench: Bench): Promise<readonly Row[]> {
  if (process.platform !== 'linux') {
    return [{ name: 'resident memory', leftOut: 'it is read from /proc, on Linux' }];
  }
  const requests = bench.pace.quick ? 5_000 : 1_000_000;
  const args = ['0', VENDOR_BYTES.join(',')];
  const { origin: upstream } = await startNodePeer(bench, 'upstream', { args, core: 'load' });
  const { origin, process: service } = await startService(bench, { upstream, memory: '128MiB' });
  const samples: number[] = [];
  const sampling = setInterval(() => {
    void residentBytes(service.pid).then(({ nowBytes }) => samples.push(nowBytes / 1e6));
  }, SAMPLE_EVERY_MS);
  try {
    await Promise.all(loads(requests).map((load) => loadWithUndici(bench, { ...load, origin })));
  } finally {
    clearInterval(sampling);
  }
  const { nowBytes, highestBytes } = await residentBytes(service.pid);
  return [
    { name: 'highest', figure: highestBytes / 1e6, unit: 'MB', target: { atMost: 330 } },
    {
      name: 'growth in the last half',
      ...{ figure: growth(samples), unit: 'MB', target: { atMost: NO_GROWTH_MB } },
    },
    { name: 'at the end', figure: nowBytes / 1e6, unit: 'MB' },
    { name: 'customers', figure: requests, unit: 'customers' },
  ];
}

/** Half of the customers as they are, a quarter compressed, a quarter with some fields; all at the same time. */
function loads(requests: number): readonly Omit<Load, 'origin'>[] {
  const quarter = requests / 4;
  const one = {
    path: customers(0, quarter),
    headers: CREDENTIAL,
    connections: CONNECTIONS / 4,
    until: { requests: quarter },
  };
  const fields = customers(3 * quarter, quarter);
  return [
    one,
    { ...one, path: customers(quarter, quarter) },
    {
      ...one,
      path: customers(2 * quarter, quarter),
      headers: { ...CREDENTIAL, 'accept-encoding': 'br' },
    },
    { ...one, path: { ...fields, template: `${fields.template}&fields=startedAt,channel,topics` } },
  ];
}

/** From the third quarter to the last one, by their medians. */
function growth(samples: readonly number[]): number {
  const [half, quarter] = [Math.floor(samples.length / 2), Math.floor(samples.length / 4)];
  return median(samples.slice(half + quarter)) - median(samples.slice(half, half + quarter));
}
