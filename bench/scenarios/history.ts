// The complete history of customers with 5,000 interactions, most of them in one week.
import { setTimeout as wait } from 'node:timers/promises';
import { askOk } from '../harness/ask.ts';
import type { Bench } from '../harness/bench.ts';
import { customers } from '../harness/customers.ts';
import { median } from '../harness/figures.ts';
import { loadWithUndici } from '../harness/load.ts';
import { inTurn } from '../harness/measure.ts';
import { readCalls, startNodePeer } from '../harness/peers.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const history: Scenario = {
  name: 'history',
  title:
    'history=complete of customers with 5,000 interactions in a year, 80 % of them in one week, from an upstream that takes 100 ms; each round ten customers whom nobody asked for before',
  run: measure,
};

const INTERACTIONS = 5000;
const MOST_ROWS = 50;
const LATENCY_MS = 100;
const CUSTOMERS = 10;
const OPEN_SECONDS = 1;

interface Took {
  readonly ms: number;
  readonly calls: number;
}

interface Seen {
  readonly complete: boolean;
  readonly derived: { readonly interactions: number };
}

async function measure(bench: Bench): Promise<readonly Row[]> {
  const args = [String(LATENCY_MS), String(INTERACTIONS)];
  const { origin: upstream } = await startNodePeer(bench, 'history-upstream', {
    args,
    core: 'load',
  });
  const settings = { upstream, maxCalls: 1000 };
  const { origin } = await startService(bench, settings);
  const { origin: hasty } = await startService(bench, { ...settings, open: `${OPEN_SECONDS}s` });
  const pathOf = (customer: number) =>
    `${customers(0, 1).template.replace('{n}', String(customer))}&history=complete`;

  /** How many calls it takes, and for how long. Throws unless all is there. */
  const ask = async (service: string, customer: number): Promise<Took> => {
    const before = (await readCalls(upstream)).calls;
    const begin = performance.now();
    const { body } = await askOk(service + pathOf(customer), CREDENTIAL);
    const ms = performance.now() - begin;
    const { complete, derived }: Seen = JSON.parse(String(body));
    if (!complete || derived.interactions !== INTERACTIONS) {
      throw new Error(`${derived.interactions} interactions, complete: ${complete}`);
    }
    return { ms, calls: (await readCalls(upstream)).calls - before };
  };

  let next = 0;
  const rounds = await inTurn<'cold' | 'again' | 'kept', readonly Took[]>(bench, {
    cold: async () => {
      const all: Took[] = [];
      for (let turn = 0; turn < CUSTOMERS; turn += 1) {
        next += 1;
        all.push(await ask(origin, next));
      }
      return all;
    },
    again: async () => {
      await ask(hasty, next);
      await wait(OPEN_SECONDS * 1500);
      return [await ask(hasty, next)];
    },
    kept: async () => {
      const until = { seconds: bench.pace.seconds };
      const load = { origin, path: pathOf(next), headers: CREDENTIAL, connections: 1, until };
      const { p50Ms } = await loadWithUndici(bench, load);
      return [{ ms: p50Ms, calls: 0 }];
    },
  });
  const msOf = (all: readonly (readonly Took[])[]) => all.flat().map(({ ms }) => ms);
  const callsOf = (all: readonly (readonly Took[])[]) => all.flat().map(({ calls }) => calls);
  const [calls, ms] = [callsOf(rounds.cold), msOf(rounds.cold)];
  const least = INTERACTIONS / MOST_ROWS;
  return [
    {
      name: `vendor calls for ${INTERACTIONS} interactions, median`,
      figure: median(calls),
      unit: 'calls',
      target: { atMost: 1.6 * least },
    },
    { name: 'vendor calls, most', figure: Math.max(...calls), unit: 'calls' },
    {
      name: 'until all are there, median',
      figure: median(ms),
      unit: 'ms',
      target: { atMost: 3500 },
    },
    { name: 'until all are there, longest', figure: Math.max(...ms), unit: 'ms' },
    {
      name: 'vendor calls when what may still change is stale, most',
      figure: Math.max(...callsOf(rounds.again)),
      unit: 'calls',
      target: { atMost: 1 },
    },
    {
      name: `a page of ${MOST_ROWS} of what is kept, median`,
      figure: median(msOf(rounds.kept)),
      unit: 'ms',
      target: { atMost: 3 },
    },
  ];
}
