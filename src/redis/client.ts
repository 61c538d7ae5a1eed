// A client of Redis: how it finds its server, Sentinel or Cluster, and how it comes back to it.
import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/redis-settings.ts';

/** What a client is created from. */
export interface ClientOptions {
  readonly settings: RedisSettings;
  /** One for a single server, else the nodes or sentinels to begin with. */
  readonly urls: readonly string[];
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
}

interface Credentials {
  username?: string;
  password?: string;
  tls?: ConnectionOptions;
}

/** How long to wait for a connection. */
export const CONNECT_TIMEOUT_MS = 1_000;
/** A server that owes an answer for so long hangs: its connection is given up, as if it were lost. */
const SILENCE_TIMEOUT_MS = 1_000;
/** A connection that is given up has so long to say good-bye. */
const DISCONNECT_TIMEOUT_MS = 500;
const FIRST_READ_ONLY_WAIT_MS = 10_000;
const LONGEST_READ_ONLY_WAIT_MS = 300_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

/** Creates a client, which connects by itself, time and again. Commands are not held back until it has. */
export function createClient(options: ClientOptions): Redis | Cluster {
  const { settings, urls, ticks } = options;
  const patience = {
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    reconnectOnError: whenReadOnly(ticks),
  };
  const queueing = { enableOfflineQueue: false, enableAutoPipelining: true };
  if (settings.mode === 'cluster') {
    return new Cluster([...urls], {
      ...queueing,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      clusterRetryStrategy: reconnectDelayMs,
      redisOptions: { ...patience, ...credentialsOf(urls[0]) },
    });
  }
  const retryStrategy = reconnectDelayMs;
  const common = { ...queueing, ...patience, retryStrategy };
  if (settings.mode === 'sentinel') {
    const credentials = credentialsOf(urls[0]);
    return new Redis({
      ...common,
      ...credentials,
      ...(credentials.tls && { sentinelTLS: credentials.tls, enableTLSForSentinelMode: true }),
      db: databaseOf(urls[0]),
      sentinelRetryStrategy: retryStrategy,
      name: settings.sentinelName ?? '',
      sentinels: urls.map((url) => hostAndPort(new URL(url))),
    });
  }
  return new Redis(urls[0] ?? '', common);
}

/**
 * After a failover a name may stand for another server: a connection to one that only reads is made anew. Where that
 * does not help, ever less often.
 */
function whenReadOnly(ticks: () => number) {
  let refusedAt = Number.NEGATIVE_INFINITY;
  let dueAt = Number.NEGATIVE_INFINITY;
  let waitMs = FIRST_READ_ONLY_WAIT_MS;
  return ({ message }: Error): boolean => {
    if (!message.startsWith('READONLY')) return false;
    const now = ticks();
    if (now - refusedAt > LONGEST_READ_ONLY_WAIT_MS) waitMs = FIRST_READ_ONLY_WAIT_MS;
    refusedAt = now;
    if (now < dueAt) return false;
    dueAt = now + waitMs;
    waitMs = Math.min(2 * waitMs, LONGEST_READ_ONLY_WAIT_MS);
    return true;
  };
}

/** Doubles up to two seconds, with jitter, so that replicas do not come back all at once. */
export function reconnectDelayMs(attempt: number): number {
  const delay = Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS);
  return delay / 2 + Math.random() * (delay / 2);
}

function hostAndPort({ hostname, port }: URL): { host: string; port: number } {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 26379) };
}

function databaseOf(url: string | undefined): number {
  return Number(url ? new URL(url).pathname.slice(1) : 0);
}

/** User, password and TLS of the nodes are those of the first URL. */
function credentialsOf(url: string | undefined): Credentials {
  if (url === undefined) return {};
  const { username, password, protocol } = new URL(url);
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}
