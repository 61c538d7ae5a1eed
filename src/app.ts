// The composition root: the only place that knows every part of the service.
import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { joinSummaries, whenIncluded } from './cache/join-summaries.ts';
import { createMemoryStore } from './cache/memory-store.ts';
import { createRedisStore } from './cache/redis-store.ts';
import { rememberRefusals } from './cache/refusals.ts';
import { represent, representSummaries } from './cache/represent.ts';
import { createSealer } from './cache/seal.ts';
import { softStore } from './cache/soft-store.ts';
import { summaryCache } from './cache/summary-cache.ts';
import { type Tiers, tieredCache } from './cache/tiered.ts';
import type { Configuration } from './config/configuration.ts';
import { createCacheKeys } from './domain/cache-key.ts';
import type { QuotaCounter } from './domain/quota.ts';
import { pipe } from './domain/source.ts';
import type { SummariesQuery } from './domain/summaries.ts';
import type { Tenant } from './domain/tenant.ts';
import { createDrain, type Drain } from './drain.ts';
import { createApiServer } from './edge/api-server.ts';
import { createOpsServer } from './edge/ops-server.ts';
import { connectRedis, type RedisConnection } from './redis.ts';
import { deadline } from './resilience/deadline.ts';
import { createLocalQuota } from './resilience/local-quota.ts';
import { createSharedQuota } from './resilience/shared-quota.ts';
import { type Emit, emitTo } from './telemetry/events.ts';
import { logEvents } from './telemetry/logging.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { attempt } from './upstream/attempt.ts';
import { inChunks } from './upstream/chunks.ts';
import { createUpstreamClient, type UpstreamClient } from './upstream/client.ts';
import { createEightByEight } from './upstream/eight-by-eight.ts';
import { shape } from './upstream/shape.ts';

/** The service, built but not listening. */
export interface Service {
  readonly api: FastifyInstance;
  readonly ops: FastifyInstance;
  /** Ends the service: at once with zero waits, else as `SHUTDOWN_DELAY` and `SHUTDOWN_GRACE` say. */
  readonly drain: Drain;
}

/** What tests put in the place of the world. */
export interface Overrides {
  /** The present, in Unix milliseconds. */
  readonly now?: () => number;
  /** Hears every event, beside logs and metrics. */
  readonly subscriber?: Emit;
  /** The longest wait for one command of Redis. */
  readonly redisTimeoutMs?: number;
}

/** A part of what everything is built from. */
interface Parts {
  readonly configuration: Configuration;
  readonly now: () => number;
  readonly emit: Emit;
  readonly redis: RedisConnection | null;
  readonly client: UpstreamClient;
}

const REDIS_TIMEOUT_MS = 50;
const CONNECT_TIMEOUT_MS = 2_000;
const REFUSAL_REMEMBERED_MS = 30_000;

/** Builds the service from a configuration, connected to Redis if it names one. */
export async function buildApp(
  configuration: Configuration,
  logger: Logger,
  overrides: Overrides = {},
): Promise<Service> {
  const { regions, upstream, tenants, apps, trustedProxies } = configuration;
  const metrics = createMetrics();
  const subscriber = overrides.subscriber ?? (() => undefined);
  const emit = emitTo(logEvents(logger), metrics.emit, subscriber);
  const redis = await connect(configuration, emit, overrides.redisTimeoutMs ?? REDIS_TIMEOUT_MS);
  const client = createUpstreamClient({
    baseUrls: regions,
    connections: upstream.connections,
    maxResponseBytes: upstream.maxResponseBytes,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  const parts = { configuration, now: overrides.now ?? Date.now, emit, redis, client };
  const { lifecycle, drain } = createDrain(async () => {
    await Promise.all([redis?.close(), client.close()]);
  });
  const common = {
    emit,
    lifecycle,
    trustedProxies,
    ticks: () => performance.now(),
    degraded: () => (redis === null || redis.isHealthy() ? [] : ['redis']),
  };
  const api = await createApiServer({
    ...common,
    ...createSources(parts),
    apps,
    tenants,
    quotaCounter: createQuotaCounter(parts),
    now: parts.now,
  });
  const ops = await createOpsServer({ ...common, metrics });
  return { api, ops, drain: (waits) => drain([api, ops], waits) };
}

/** Each stack in the order in which a query meets its layers. */
function createSources(parts: Parts) {
  const { configuration, now, emit } = parts;
  const { upstream, secrets } = configuration;
  const keys = createCacheKeys(secrets.deriveKey('cache-keys'));
  const tiers = createTiers(parts);
  const keysOf = (tenant: Tenant) => secrets.vendorKeys(tenant.name);
  const eightByEight = createEightByEight({ client: parts.client, keysOf, now, emit });
  const deadlineMs = upstream.deadlineMs;
  const attempts = {
    timeoutMs: upstream.attemptTimeoutMs,
    keyCount: (tenant: Tenant) => keysOf(tenant).length,
    emit,
  };

  const refusals = { rememberMs: REFUSAL_REMEMBERED_MS, now };
  const keyOfIds = (query: SummariesQuery) =>
    keys.summary(query, JSON.stringify(query.interactionIds));
  const summaries = pipe(
    summaryCache({ keys, tiers, now, emit }),
    deadline(deadlineMs),
    inChunks(),
    rememberRefusals({ ...refusals, keyOf: keyOfIds }),
    attempt(attempts),
  )(eightByEight.summaries);

  const customers = pipe(
    represent(),
    whenIncluded(
      pipe(
        tieredCache({ keyOf: keys.joined, tiers, now, emit }),
        deadline(deadlineMs),
        joinSummaries(summaries, now),
      ),
    ),
    tieredCache({ keyOf: keys.range, tiers, now, emit }),
    rememberRefusals({ ...refusals, keyOf: keys.range }),
    shape(now),
    deadline(deadlineMs),
    attempt(attempts),
  )(eightByEight.interactions);

  return { customers, summaries: representSummaries()(summaries) };
}

/** Memory before Redis; a Redis that fails is a Redis that holds nothing. */
function createTiers({ configuration, redis, now, emit }: Parts): Tiers {
  const { memoryBytes, maxEntryBytes } = configuration.cache;
  const memory = createMemoryStore({ maxBytes: memoryBytes, maxEntryBytes, now });
  if (redis === null) return { memory, redis: null };
  const sealer = createSealer(configuration.secrets.deriveKey('cache-values'));
  const store = createRedisStore({ redis: redis.commands, sealer, maxEntryBytes, now, emit });
  return { memory, redis: softStore(store, emit) };
}

function createQuotaCounter({ configuration, redis, now, emit }: Parts): QuotaCounter {
  const local = createLocalQuota(now);
  if (redis === null) return local;
  const secret = configuration.secrets.deriveKey('names');
  const keyOf = (app: string) =>
    `c360:quota:{${createHmac('sha256', secret).update(app).digest('base64url')}}`;
  const onFailure = () => emit({ type: 'store-failed', operation: 'quota' });
  return createSharedQuota({ redis: redis.commands, keyOf, fallback: local, onFailure });
}

async function connect(
  { redis: settings, secrets }: Configuration,
  emit: Emit,
  commandTimeoutMs: number,
): Promise<RedisConnection | null> {
  if (settings === null) return null;
  return connectRedis({ settings, urls: secrets.redisUrls(), emit, commandTimeoutMs });
}
