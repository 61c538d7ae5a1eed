// The composition root: the only place that knows every part of the service.
import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Configuration } from './config/configuration.ts';
import { createConnectionPlaces, roomOfProcess } from './connection-places.ts';
import type { QuotaCounter } from './domain/quota.ts';
import { createDrain, type Drain } from './drain.ts';
import { createApiServer } from './edge/api-server.ts';
import { createOpsServer } from './edge/ops-server.ts';
import type { CallerTimeouts } from './edge/server.ts';
import { createEndOfTurn } from './edge/turn.ts';
import { everyUnreferenced } from './every.ts';
import { createPeers } from './peers.ts';
import { processCount } from './process-count.ts';
import type { RedisConnection } from './redis/connection.ts';
import { createLoadGauge, createLoadReader, type Shortage } from './resilience/load-gauge.ts';
import { createLocalQuota } from './resilience/local-quota.ts';
import { createSharedQuota } from './resilience/shared-quota.ts';
import { createSources, type Parts } from './sources.ts';
import { type Emit, emitTo } from './telemetry/events.ts';
import { logEvents } from './telemetry/logging.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { createUpstreamClient } from './upstream/client.ts';

/** The service, built but not listening. */
export interface Service {
  readonly api: FastifyInstance;
  readonly ops: FastifyInstance;
  readonly metrics: Metrics;
  /** The dependencies that are out of reach. */
  readonly degraded: () => readonly string[];
  /** Ends the service: at once with zero waits, else as `SHUTDOWN_DELAY` and `SHUTDOWN_GRACE` say. */
  readonly drain: Drain;
}

/** What tests put in the place of the world. */
export interface Overrides {
  /** The present, in Unix milliseconds. */
  readonly now?: () => number;
  /** At least 0, less than 1. */
  readonly random?: () => number;
  /** Hears every event, beside logs and metrics. */
  readonly subscriber?: Emit;
  /** The longest wait for one command of Redis. */
  readonly redisTimeoutMs?: number;
  /** What the process is short of; null: of nothing. */
  readonly shortage?: () => Shortage | null;
  /** How long callers may take. */
  readonly callerTimeouts?: Partial<CallerTimeouts>;
}

const REDIS_TIMEOUT_MS = 50;
const CONNECT_TIMEOUT_MS = 2_000;

/** Builds the service from a configuration, connected to Redis if it names one. */
export async function buildApp(
  configuration: Configuration,
  logger: Logger,
  overrides: Overrides = {},
): Promise<Service> {
  const { regions, upstream, tenants, apps, trustedProxies, redis: settings } = configuration;
  const metrics = createMetrics({ tenants: tenants.values(), hasRedis: settings !== null });
  const subscriber = overrides.subscriber ?? (() => undefined);
  const emit = emitTo(logEvents(logger), metrics.emit, subscriber);
  const redis = await connect(configuration, emit, overrides.redisTimeoutMs);
  const client = createUpstreamClient({
    baseUrls: regions,
    connections: upstream.connections,
    maxResponseBytes: upstream.maxResponseBytes,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  const { now = Date.now, random = Math.random } = overrides;
  const { now: steadyNow = createSteadyClock() } = overrides;
  const processes = processCount(configuration);
  const peers = redis && createPeers(redis, { processes, emit });
  const gauge = createLoadGauge({
    read: createLoadReader(processes),
    onChange: (shortage) => emit({ type: 'load', shortage }),
    every: everyUnreferenced,
  });
  const { shortage = gauge.shortage } = overrides;
  const parts = { configuration, metrics, now, steadyNow, random, emit, peers, client, shortage };
  const { lifecycle, drain } = createDrain(async () => {
    gauge.end();
    peers?.replicas.end();
    await Promise.all([redis?.close(), client.close()]);
  });
  const common = {
    emit,
    lifecycle,
    trustedProxies,
    ...(overrides.callerTimeouts && { timeouts: overrides.callerTimeouts }),
    ticks: () => performance.now(),
    degraded: () => (redis === null || redis.isHealthy() ? [] : ['redis']),
  };
  const places = createConnectionPlaces(emit, roomOfProcess(processes));
  const api = await createApiServer({
    ...common,
    connections: places.callers,
    ...createSources(parts),
    apps,
    tenants,
    quotaCounter: createQuotaCounter(parts),
    addressCounter: createLocalQuota({ processes: 1, ticks: steadyNow }),
    now,
  });
  const ops = await createOpsServer({ ...common, connections: places.ops, metrics });
  const { degraded } = common;
  return { api, ops, metrics, degraded, drain: (waits) => drain([api, ops], waits) };
}

function createQuotaCounter({ configuration, peers, steadyNow, emit }: Parts): QuotaCounter {
  if (peers === null) {
    return createLocalQuota({ processes: processCount(configuration), ticks: steadyNow });
  }
  const { redis, replicas } = peers;
  const secret = configuration.secrets.deriveKey('names');
  const keyOf = (app: string) =>
    `c360:quota:{${createHmac('sha256', secret).update(app).digest('base64url')}}`;
  const onFailure = () => emit({ type: 'store-failed', operation: 'quota' });
  const watch = peers.watchCounting('quota');
  return createSharedQuota({ redis, keyOf, replicas, onFailure, watch });
}

/** The system's clock as it was at the start, whatever is done to it since. */
function createSteadyClock(): () => number {
  const startedAt = Date.now() - performance.now();
  return () => startedAt + performance.now();
}

async function connect(
  { redis: settings, secrets }: Configuration,
  emit: Emit,
  timeoutMs: number | undefined,
): Promise<RedisConnection | null> {
  if (settings === null) return null;
  // The client is loaded by those who have a Redis.
  const { connectRedis } = await import('./redis/connection.ts');
  return connectRedis({
    settings,
    urls: secrets.redisUrls(),
    emit,
    commandTimeoutMs: timeoutMs ?? REDIS_TIMEOUT_MS,
    endOfTurn: createEndOfTurn(),
  });
}
