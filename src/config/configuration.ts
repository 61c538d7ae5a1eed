// The whole configuration: read once, all faults told together, then frozen.
import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { App, Caller } from '../domain/caller.ts';
import { OFFICIAL_BASE_URLS, type Region } from '../domain/region.ts';
import type { Tenant } from '../domain/tenant.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { ConfigurationError, type Fault } from './faults.ts';
import type { ConfigFile } from './file.ts';
import { readConfigFile } from './file-reading.ts';
import { freezeDeep } from './freezing.ts';
import { noticesOf } from './notices.ts';
import { type RedisSettings, readRedis } from './redis-settings.ts';
import {
  createSecrets,
  readCacheSecret,
  readSecret,
  type SecretSources,
  type Secrets,
} from './secrets.ts';

/** Everything that the service is told at its start, frozen; secrets are behind methods. */
export interface Configuration
  extends Pick<
    Environment,
    'listen' | 'ops' | 'logLevel' | 'trustedProxies' | 'shutdown' | 'workers'
  > {
  /** Null: memory only. */
  readonly redis: RedisSettings | null;
  /** The base URL of each region, without a slash at its end. */
  readonly regions: Readonly<Record<Region, string>>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly apps: readonly App[];
  readonly cache: { readonly memoryBytes: number; readonly maxEntryBytes: number };
  readonly upstream: {
    readonly deadlineMs: number;
    readonly attemptTimeoutMs: number;
    /** Per region. */
    readonly connections: number;
    readonly maxResponseBytes: number;
  };
  readonly history: {
    /** The most vendor calls that one complete history may take. */
    readonly maxCalls: number;
  };
  readonly secrets: Secrets;
  /** Sentences for the log: what has no effect in this version, and that Redis is missing. */
  readonly notices: readonly string[];
}

/** What a configuration is read from. */
export interface ConfigurationSources extends SecretSources {
  /** The system's when left out. */
  readonly randomBytes?: (bytes: number) => Buffer;
}

/** Reads environment, secrets and file. Throws one ConfigurationError with the faults of all. */
export function loadConfiguration(sources: ConfigurationSources): Configuration {
  const { randomBytes = systemRandomBytes } = sources;
  const faults: Fault[] = [];
  const environment = readEnvironment(sources.env, faults);
  const { redis, urls: redisUrls, wanted: required } = readRedis(sources, faults);
  const cacheSecret = readCacheSecret({ sources, required, randomBytes, faults });
  const auditSecret = readSecret('AUDIT_SECRET', sources);
  if (auditSecret.kind === 'fault') faults.push(auditSecret.fault);
  const reading = readConfigFile(environment.configFile, sources);
  if ('faults' in reading) throw new ConfigurationError([...faults, ...reading.faults]);
  if (faults.length > 0) throw new ConfigurationError(faults);

  const { file, vendorKeys } = reading;
  const { listen, ops, logLevel, trustedProxies, shutdown, workers } = environment;
  return freezeDeep({
    listen,
    ops,
    logLevel,
    redis,
    trustedProxies,
    shutdown,
    workers,
    ...slicesOf(file),
    secrets: createSecrets({ vendorKeys, redisUrls, cacheSecret }),
    notices: noticesOf({ env: sources.env, workers, redis, file }),
  });
}

function slicesOf({ regions, tenants, apps, cache, upstream, history }: ConfigFile) {
  const entries = Object.entries(tenants).map(
    ([name, each]) => [name, tenantOf(name, each)] as const,
  );
  const { us, uk, ca, ap } = OFFICIAL_BASE_URLS;
  return {
    regions: {
      us: regions.us ?? us,
      uk: regions.uk ?? uk,
      ca: regions.ca ?? ca,
      ap: regions.ap ?? ap,
    },
    tenants: new Map(entries),
    apps: Object.entries(apps).map(([name, each]) => appOf(name, each)),
    cache: { memoryBytes: cache.memory, maxEntryBytes: cache.maxEntry },
    upstream: {
      deadlineMs: upstream.deadline,
      attemptTimeoutMs: upstream.attemptTimeout,
      connections: upstream.connections,
      maxResponseBytes: upstream.maxResponse,
    },
    history,
  };
}

function tenantOf(name: string, settings: ConfigFile['tenants'][string]): Tenant {
  const { tenantId, region, defaultCountry, emailCaseSensitive, timeGrid, freshness } = settings;
  const { budget } = settings;
  return {
    name,
    tenantId,
    region,
    emailCaseSensitive,
    ...(defaultCountry === undefined ? {} : { defaultCountry }),
    ...(budget === undefined ? {} : { budget: { requests: budget.requests, perMs: budget.per } }),
    timeGridMs: timeGrid,
    freshness: {
      openMs: freshness.open,
      closedMs: freshness.closed,
      settleMs: freshness.settle,
      staleWhileRevalidateMs: freshness.staleWhileRevalidate,
      staleIfErrorMs: freshness.staleIfError,
    },
  };
}

function appOf(app: string, settings: ConfigFile['apps'][string]): App {
  const caller: Caller = {
    app,
    tenants: new Set(settings.tenants),
    scopes: new Set(settings.scopes),
    quota: { requests: settings.quota.requests, perMs: settings.quota.per },
    origins: new Set(settings.origins),
    hide: new Set(settings.hide),
  };
  return { caller, keyHashes: settings.keys };
}
