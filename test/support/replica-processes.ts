// The service as several processes over one Redis: what one of them does is seen by the others alone.
import { newAppKey } from '../../src/cli/keys.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import type { Ending } from './ending.ts';
import { type ProcessOptions, type ServiceProcess, startProcess } from './process.ts';

/** What all replicas are started with. */
export interface ReplicaOptions extends Pick<ProcessOptions, 'env' | 'prelude' | 'keptCharacters'> {
  readonly redisUrl: string;
  /** The base URLs of a sandbox, or of a gate before one. */
  readonly regions: Readonly<Record<string, string>>;
  /** Other sections of the file. */
  readonly sections?: Readonly<Record<string, unknown>>;
  /** Apps beside `desk`. */
  readonly apps?: Readonly<Record<string, unknown>>;
}

/** One replica that listens. */
export interface Replica extends ServiceProcess {
  /** The origins of its two ports. */
  readonly api: string;
  readonly ops: string;
  /** The headers of the app `desk`. */
  readonly credential: Readonly<Record<string, string>>;
  /** Asks as the app `desk`, which may read and refresh. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts one more replica; resolves when it listens. What is given here goes before what all have. */
export type StartReplica = (env?: ProcessOptions['env']) => Promise<Replica>;

/** Starts replicas that know the tenant `acme`; resolves when all of them listen. */
export async function startReplicas(
  t: Ending,
  { count, ...options }: ReplicaOptions & { readonly count: number },
): Promise<readonly Replica[]> {
  const start = replicaStarter(t, options);
  return Promise.all(Array.from({ length: count }, () => start()));
}

/** What starts replicas that are alike, one at a time. */
export function replicaStarter(t: Ending, options: ReplicaOptions): StartReplica {
  const { key, hash } = newAppKey('desk');
  const { tenantId, region } = TENANTS.acme;
  const config = {
    regions: options.regions,
    tenants: { acme: { tenantId, region, apiKeys: [{ env: 'ACME_KEY' }] } },
    apps: {
      desk: {
        keys: [hash],
        tenants: '*',
        scopes: ['read', 'refresh'],
        quota: { requests: 100_000, per: '1m' },
      },
      ...options.apps,
    },
    ...options.sections,
  };
  const credential = { 'x-app-key': key };
  const common = {
    PORT: '0',
    OPS_PORT: '0',
    ACME_KEY: KEYS.acme,
    REDIS_URL: options.redisUrl,
    CACHE_SECRET: Buffer.alloc(32, 7).toString('base64url'),
    LOG_LEVEL: 'info',
  };
  const { prelude, keptCharacters } = options;
  return async (env) => {
    const started = await startProcess(t, {
      env: { ...common, ...options.env, ...env },
      files: { 'config.yaml': JSON.stringify(config) },
      ...(prelude !== undefined && { prelude }),
      ...(keptCharacters !== undefined && { keptCharacters }),
    });
    const [, api = '', ops = ''] = await started.until(
      /"api":"([^"]+)","ops":"([^"]+)","msg":"listening"/,
    );
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(api + path, { ...init, headers: { ...credential, ...(init.headers as object) } });
    return { ...started, api, ops, credential, ask };
  };
}
