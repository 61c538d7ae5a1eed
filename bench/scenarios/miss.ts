// A miss: what the service adds to the upstream, and what it does against a proxy that only streams.
import type { Bench } from '../harness/bench.ts';
import { customers } from '../harness/customers.ts';
import { difference, median } from '../harness/figures.ts';
import { type LoadFigures, loadWithUndici } from '../harness/load.ts';
import { inTurn } from '../harness/measure.ts';
import { startNodePeer, startRedis } from '../harness/peers.ts';
import type { Server } from '../harness/processes.ts';
import { CREDENTIAL, startService } from '../harness/service.ts';
import {
  measureThroughput,
  ratioRows,
  type Throughput,
  throughputRow,
} from '../harness/throughput.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const miss: Scenario = {
  name: 'miss',
  title:
    'distinct customers of 26 kB from an upstream without latency: added latency against undici straight to the upstream, requests/s against @fastify/http-proxy; one core each',
  run: compare,
};

const VENDOR_BYTES = 26_000;
/** A figure is about customers whom nobody has asked for before. */
const CUSTOMERS_A_FIGURE = 1_000_000;
const CONNECTIONS = 64;
const PARSING = 'Fastify that only parses and writes anew';
const PROXY = '@fastify/http-proxy';

async function compare(bench: Bench): Promise<readonly Row[]> {
  const args = ['0', String(VENDOR_BYTES)];
  const straight = await startNodePeer(bench, 'upstream', { args, core: 'load' });
  const { origin: upstream } = straight;
  const services = new Map([['memory only', await startService(bench, { upstream })]]);
  const rows: Row[] = [];
  if (bench.has('redis-server')) {
    const redis = await startRedis(bench);
    services.set('with Redis', await startService(bench, { upstream, redis }));
  } else rows.push({ name: 'with Redis', leftOut: 'redis-server is not installed' });
  const proxy = await startNodePeer(bench, 'proxy-fastify', { args: [upstream] });

  const parsing = await startNodePeer(bench, 'parsing-fastify', { args: [upstream] });

  const floors = new Map([
    [PARSING, parsing],
    [PROXY, proxy],
  ]);
  const servers = new Map([...services, ...floors, ['straight', straight]]);
  const path = freshCustomers();
  // One at a time shows what the service adds; several also show them waiting for one another.
  for (const connections of bench.pace.quick ? [1] : [1, 8]) {
    const rounds = await inTurn(
      bench,
      forEach(servers, ({ origin }) =>
        loadWithUndici(bench, {
          ...{ origin, path: path(), headers: CREDENTIAL, connections },
          until: { seconds: bench.pace.seconds / 2 },
        }),
      ),
    );
    const isTarget = connections === 1;
    rows.push(...latencyRows(rounds, [...services.keys()], { connections, isTarget }));
    rows.push(...latencyRows(rounds, [...floors.keys()], { connections, isTarget: false }));
    rows.push(straightRow(rounds, connections));
  }
  const rounds = await inTurn(
    bench,
    forEach(new Map([...services, ...floors]), (server) =>
      measureThroughput(bench, server, {
        path: path(),
        headers: CREDENTIAL,
        connections: CONNECTIONS,
      }),
    ),
  );
  return [...rows, ...throughputRows(rounds, [...services.keys()])];
}

type Rounds = Readonly<Record<string, readonly LoadFigures[]>>;

/** What waits for others is shown, and is no target: it is the throughput again. */
function latencyRows(
  rounds: Rounds,
  names: readonly string[],
  { connections, isTarget }: { readonly connections: number; readonly isTarget: boolean },
): Row[] {
  const straight = rounds.straight ?? [];
  return names.flatMap((name): Row[] => {
    const ours = rounds[name] ?? [];
    const added = (of: (load: LoadFigures) => number) => difference(ours.map(of), straight.map(of));
    return [
      {
        name: `${name}, ${connections} at a time, added median`,
        ...{ figure: added(({ p50Ms }) => p50Ms), unit: 'ms' },
        ...(isTarget && { target: { atMost: 0.6 } }),
      },
      {
        name: `${name}, ${connections} at a time, added p99`,
        ...{ figure: added(({ p99Ms }) => p99Ms), unit: 'ms' },
        ...(isTarget && { target: { atMost: 3 } }),
      },
    ];
  });
}

function straightRow({ straight = [] }: Rounds, connections: number): Row {
  const figure = median(straight.map(({ p50Ms }) => p50Ms));
  return { name: `straight, ${connections} at a time, median`, figure, unit: 'ms' };
}

function throughputRows(
  rounds: Readonly<Record<string, readonly Throughput[]>>,
  names: readonly string[],
): Row[] {
  const theirs = rounds[PROXY] ?? [];
  const rows = names.flatMap((name): Row[] => {
    const ours = rounds[name] ?? [];
    const against = `${name}, against ${PROXY}`;
    return [...ratioRows(against, { ours, theirs }, { atLeast: 0.8 }), throughputRow(name, ours)];
  });
  const parsing = { ours: rounds[PARSING] ?? [], theirs };
  return [
    ...rows,
    ...ratioRows(`${PARSING}, against ${PROXY}`, parsing),
    throughputRow(PARSING, parsing.ours),
    throughputRow(PROXY, theirs),
  ];
}

/** Paths of new customers each time. */
function freshCustomers(): () => ReturnType<typeof customers> {
  let from = 0;
  return () => {
    from += CUSTOMERS_A_FIGURE;
    return customers(from, CUSTOMERS_A_FIGURE);
  };
}

function forEach<Value>(
  servers: ReadonlyMap<string, Server>,
  measure: (server: Server) => Promise<Value>,
): Record<string, () => Promise<Value>> {
  return Object.fromEntries([...servers].map(([name, server]) => [name, () => measure(server)]));
}
