// What a run plays with: a Redis, a simulated 8x8 behind a fault proxy, and replicas behind a balancer.
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { KEYS } from '../../src/sandbox/tenants.ts';
import type { Ending } from '../support/ending.ts';
import { type ProxyThread, startProxyThread } from '../support/fault-proxy-thread.ts';
import { type Replica, replicaStarter, type StartReplica } from '../support/replica-processes.ts';
import { type Balancer, createBalancer } from './balancer.ts';
import { type Customers, createCustomers, TENANT_SETTINGS } from './customers.ts';
import { LIMITED_ACCOUNT, LIMITED_APP, LIMITED_TENANT } from './limited.ts';
import { startTopology, type Topology, type TopologyName } from './topology.ts';

/** How long 8x8 may take for one answer, retries included. */
export const DEADLINE_MS = 3_000;

/** A world, with all replicas in use. */
export interface World {
  readonly topology: Topology;
  readonly sandbox: Sandbox;
  /** Between the replicas and 8x8. */
  readonly upstream: ProxyThread;
  readonly customers: Customers;
  readonly balancer: Balancer;
  readonly startReplica: StartReplica;
  /** Those that are there now. */
  replicas: readonly Replica[];
}

interface WorldOptions {
  readonly topology: TopologyName;
  readonly replicas: number;
}

const UPSTREAM_LATENCY_MS = 5;
const KEPT_CHARACTERS = 200_000;

/**
 * SIGUSR2 makes an error that nobody handles. And a replica ends with what started it, also where that was killed:
 * its parent is another then.
 */
const PRELUDE = `
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 500).unref();
process.on('SIGUSR2', () => setImmediate(() => { throw new Error('chaos'); }));
`;

/** Starts a world. It ends with who started it. */
export async function startWorld(t: Ending, options: WorldOptions): Promise<World> {
  const customers = createCustomers();
  const population = [...customers.population, LIMITED_ACCOUNT];
  const sandbox = await createSandbox({ population, latencyMs: UPSTREAM_LATENCY_MS });
  t.after(sandbox.close);
  const upstream = await startProxyThread(t, sandbox.port);
  const topology = await startTopology(t, options.topology);
  const regions = Object.fromEntries(
    Object.keys(sandbox.baseUrls).map((region) => [
      region,
      `http://127.0.0.1:${upstream.port}/${region}`,
    ]),
  );
  const startReplica = replicaStarter(t, {
    redisUrl: '',
    regions,
    sections: {
      tenants: {
        ...Object.fromEntries(Object.entries(TENANT_SETTINGS).map(tenantEntry)),
        limited: LIMITED_TENANT,
      },
      upstream: {
        deadline: `${DEADLINE_MS}ms`,
        attemptTimeout: `${DEADLINE_MS / 2}ms`,
        // What is too large comes through this process.
        maxResponse: '1MiB',
      },
      cache: { memory: '16MiB' },
    },
    apps: { limited: LIMITED_APP },
    env: { ...topology.env, INITECH_KEY: KEYS.initech, SHUTDOWN_DELAY: '1s', SHUTDOWN_GRACE: '5s' },
    prelude: PRELUDE,
    keptCharacters: KEPT_CHARACTERS,
  });
  const replicas = await Promise.all(
    Array.from({ length: options.replicas }, () => startReplica()),
  );
  const balancer = createBalancer(t);
  await balancer.use(replicas);
  return { topology, sandbox, upstream, customers, balancer, startReplica, replicas };
}

function tenantEntry([name, settings]: readonly [
  string,
  (typeof TENANT_SETTINGS)[keyof typeof TENANT_SETTINGS],
]) {
  const { tenantId, region, freshness } = settings;
  return [name, { tenantId, region, freshness, apiKeys: [{ env: 'ACME_KEY' }] }];
}
