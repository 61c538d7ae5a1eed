// The service of a run, in processes of its own before a simulated 8x8, with Redis if that is wanted.
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import type { Ending } from '../support/ending.ts';
import { type ServiceProcess, startProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import { listening } from '../support/service-process.ts';
import { type AppKeys, CACHE_SECRET, markedPopulation, REDIS_PASSWORD } from './marked.ts';

/** What the service runs on. */
export interface Setup {
  /** Whether it has a Redis. */
  readonly redis: boolean;
  /** How many processes serve. */
  readonly workers: number;
}

/** What is asked, and what it runs on. */
export interface World {
  readonly origins: Origins;
  readonly sandbox: Sandbox;
  readonly started: ServiceProcess;
  /** Null where there is no Redis. */
  readonly redisUrl: string | null;
}

/** The ports of a service, such as `http://127.0.0.1:8360`. */
export interface Origins {
  readonly api: string;
  readonly ops: string;
}

/** Starts all of it. It ends with the lifetime. */
export async function startWorld(
  ending: Ending,
  keys: AppKeys,
  { redis, workers }: Setup,
): Promise<World> {
  const redisUrl = redis ? await startLockedRedis(ending) : null;
  const sandbox = await createSandbox({ population: markedPopulation(Date.now()) });
  ending.after(sandbox.close);
  const started = await startProcess(ending, {
    env: {
      PORT: '0',
      OPS_PORT: '0',
      WORKERS: String(workers),
      ...(redisUrl !== null && { REDIS_URL: redisUrl }),
      TRUSTED_PROXIES: '127.0.0.1',
      LOG_LEVEL: 'trace',
      SHUTDOWN_DELAY: '0s',
      CACHE_SECRET,
      ACME_KEY: KEYS.acme,
      GLOBEX_KEY: KEYS.globex,
      INITECH_KEY: KEYS.initech,
    },
    files: { 'config.yaml': JSON.stringify(configFile(sandbox, keys)) },
  });
  return { sandbox, started, redisUrl, origins: await listening(started) };
}

/** A Redis that wants a password. */
async function startLockedRedis(ending: Ending): Promise<string> {
  const { port, stop } = await startRedis({ args: ['--requirepass', REDIS_PASSWORD] });
  ending.after(stop);
  return `redis://:${REDIS_PASSWORD}@127.0.0.1:${port}`;
}

/** JSON is YAML. Everything is small and short, so that within one run it fills, ends and is refused. */
function configFile(sandbox: Sandbox, keys: AppKeys): object {
  const quota = { requests: 1_000_000, per: '1m' };
  const tenant = (name: keyof typeof TENANTS, env: string) => ({
    tenantId: TENANTS[name].tenantId,
    region: TENANTS[name].region,
    apiKeys: [{ env }],
    freshness: { open: '1s', staleWhileRevalidate: '2s', staleIfError: '10s' },
  });
  return {
    regions: sandbox.baseUrls,
    tenants: {
      acme: { ...tenant('acme', 'ACME_KEY'), defaultCountry: 'US' },
      'acme-uk': {
        ...tenant('acmeUk', 'ACME_KEY'),
        defaultCountry: 'GB',
        emailCaseSensitive: true,
      },
      globex: tenant('globex', 'GLOBEX_KEY'),
      initech: { ...tenant('initech', 'INITECH_KEY'), budget: { requests: 20, per: '1s' } },
    },
    apps: {
      desk: {
        keys: [keys.desk.hash],
        tenants: '*',
        scopes: ['read', 'summaries', 'refresh'],
        quota,
        origins: ['https://desk.example.com'],
      },
      mobile: {
        keys: [keys.mobile.hash],
        tenants: ['globex'],
        scopes: ['read', 'summaries'],
        quota,
        hide: ['address'],
      },
      reader: { keys: [keys.reader.hash], tenants: ['acme'], quota },
      blind: {
        keys: [keys.blind.hash],
        tenants: ['acme', 'initech'],
        scopes: ['read', 'summaries'],
        quota,
        hide: ['summary', 'sentiment', 'topics'],
      },
      tiny: { keys: [keys.tiny.hash], tenants: ['acme'], quota: { requests: 20, per: '1m' } },
    },
    cache: { memory: '1MiB', maxEntry: '256KiB' },
    upstream: {
      deadline: '400ms',
      attemptTimeout: '150ms',
      connections: 8,
      maxResponse: '256KiB',
    },
  };
}
