// A batch of 100 customers who are in memory, against asking for each of them alone.
import type { Bench } from '../harness/bench.ts';
import { customerEmail, customers } from '../harness/customers.ts';
import { median } from '../harness/figures.ts';
import { HOT_VENDOR_BYTES } from '../harness/hot-answer.ts';
import { type Load, type LoadFigures, loadWithUndici } from '../harness/load.ts';
import { inTurn } from '../harness/measure.ts';
import { startNodePeer } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const batch: Scenario = {
  name: 'batch',
  title:
    'POST /v1/customers with 100 customers in memory, 16 kB each, one request at a time: until the last byte; and the same customers asked for one after the other',
  run: measure,
};

const CUSTOMERS = 100;

async function measure(bench: Bench): Promise<readonly Row[]> {
  const args = ['0', String(HOT_VENDOR_BYTES)];
  const { origin: upstream } = await startNodePeer(bench, 'upstream', { args, core: 'load' });
  const { origin } = await startService(bench, { upstream });
  const each = { origin, path: customers(0, CUSTOMERS), headers: CREDENTIAL, connections: 1 };
  await warm(bench, each);

  const whole = { ...each, path: '/v1/customers', post: JSON.stringify({ customers: named() }) };
  const until = { seconds: bench.pace.seconds };
  const coded = (coding: string) => ({
    ...whole,
    headers: { ...CREDENTIAL, 'accept-encoding': coding },
  });
  const rounds = await inTurn(bench, {
    plain: () => loadWithUndici(bench, { ...whole, until }),
    gzip: () => loadWithUndici(bench, { ...coded('gzip'), until }),
    br: () => loadWithUndici(bench, { ...coded('br'), until }),
    each: () => loadWithUndici(bench, { ...each, until }),
  });
  const middle = (figures: readonly LoadFigures[], of: (load: LoadFigures) => number) =>
    median(figures.map(of));
  const p50 = ({ p50Ms }: LoadFigures) => p50Ms;
  return [
    {
      name: `${CUSTOMERS} customers, median`,
      figure: middle(rounds.plain, p50),
      unit: 'ms',
      target: { atMost: 15 },
    },
    {
      name: `${CUSTOMERS} customers, p99`,
      figure: middle(rounds.plain, ({ p99Ms }) => p99Ms),
      unit: 'ms',
    },
    { name: 'as gzip, median', figure: middle(rounds.gzip, p50), unit: 'ms' },
    { name: 'as br, median', figure: middle(rounds.br, p50), unit: 'ms' },
    {
      name: 'one after the other',
      figure: middle(
        rounds.each,
        ({ requestsPerSecond }) => (CUSTOMERS * 1000) / requestsPerSecond,
      ),
      unit: 'ms',
    },
  ];
}

function named(): readonly object[] {
  return Array.from({ length: CUSTOMERS }, (_, number) => ({ email: customerEmail(number) }));
}

/** Asks for each twice, and makes sure that the second answer comes from memory. */
async function warm(bench: Bench, load: Omit<Load, 'until'>): Promise<void> {
  const once = { ...load, until: { requests: CUSTOMERS } };
  await loadWithUndici(bench, once);
  const { cacheStatus } = await loadWithUndici(bench, once);
  const others = Object.keys(cacheStatus).filter((status) => !status.includes('detail=memory'));
  if (others.length > 0) throw new Error(`Not hits in memory: ${others.join()}`);
}
