// The service as several processes over one Redis: what one of them does is seen by the others alone.
import type { TestContext } from 'node:test';
import { newAppKey } from '../../src/cli/keys.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import { type ServiceProcess, startProcess } from './process.ts';

/** What all replicas are started with. */
export interface ReplicaOptions {
  readonly count: number;
  readonly redisUrl: string;
  /** The base URLs of a sandbox, or of a gate before one. */
  readonly regions: Readonly<Record<string, string>>;
  /** Other sections of the file. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** One replica that listens. */
export interface Replica extends ServiceProcess {
  /** Asks as the app `desk`, which may read and refresh. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts replicas that know the tenant `acme`; resolves when all of them listen. */
export async function startReplicas(
  t: TestContext,
  { count, redisUrl, regions, sections }: ReplicaOptions,
): Promise<readonly Replica[]> {
  const { key, hash } = newAppKey('desk');
  const { tenantId, region } = TENANTS.acme;
  const config = {
    regions,
    tenants: { acme: { tenantId, region, apiKeys: [{ env: 'ACME_KEY' }] } },
    apps: {
      desk: {
        keys: [hash],
        tenants: '*',
        scopes: ['read', 'refresh'],
        quota: { requests: 100_000, per: '1m' },
      },
    },
    ...sections,
  };
  const options = {
    env: {
      PORT: '0',
      OPS_PORT: '0',
      ACME_KEY: KEYS.acme,
      REDIS_URL: redisUrl,
      CACHE_SECRET: Buffer.alloc(32, 7).toString('base64url'),
      LOG_LEVEL: 'info',
    },
    files: { 'config.yaml': JSON.stringify(config) },
  };
  const start = async (): Promise<Replica> => {
    const started = await startProcess(t, options);
    const [, api = ''] = await started.until(/"api":"([^"]+)".*"msg":"listening"/);
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(api + path, { ...init, headers: { 'x-app-key': key, ...(init.headers as object) } });
    return { ...started, ask };
  };
  return Promise.all(Array.from({ length: count }, start));
}
