// The connection to Redis: tuned so that a Redis that is lost costs each request little, and nothing hangs.
import type { ConnectionOptions } from 'node:tls';
import slotOf from 'cluster-key-slot';
import { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from './config/redis-settings.ts';
import { createEndOfTurn } from './edge/turn.ts';
import { type Subscription, subscribe } from './redis-subscription.ts';
import { createRedisBreaker } from './resilience/redis-breaker.ts';
import { guardCommands, type RedisCommands } from './resilience/redis-commands.ts';
import { createPatience } from './resilience/redis-patience.ts';
import type { Emit } from './telemetry/events.ts';

/** A connection that may come and go. */
export interface RedisConnection {
  readonly client: Redis | Cluster;
  /** The client's commands; those to use in the way of a request. */
  readonly commands: RedisCommands;
  /** Hears of what is published on a channel, over a connection of its own, as long as that is there. */
  subscribe(channel: string, listener: (text: string) => void): Pick<Subscription, 'expectMessage'>;
  isReady(): boolean;
  /** Ready, in time, and no command was refused for a while. */
  isHealthy(): boolean;
  close(): Promise<void>;
}

interface Credentials {
  username?: string;
  password?: string;
  tls?: ConnectionOptions;
}

interface RedisConnectionOptions {
  readonly settings: RedisSettings;
  /** One for a single server, else the nodes or sentinels to begin with. */
  readonly urls: readonly string[];
  readonly emit: Emit;
  /** The longest wait for one command, in milliseconds. */
  readonly commandTimeoutMs: number;
  /** Milliseconds that only grow. */
  readonly ticks?: () => number;
}

const CONNECT_TIMEOUT_MS = 1_000;
/** A server that owes an answer for so long hangs: its connection is given up, as if it were lost. */
const SILENCE_TIMEOUT_MS = 1_000;
/** A connection that is given up has so long to say good-bye. */
const DISCONNECT_TIMEOUT_MS = 500;
const FIRST_READ_ONLY_WAIT_MS = 10_000;
const LONGEST_READ_ONLY_WAIT_MS = 300_000;
const MAX_RECONNECT_DELAY_MS = 2_000;
/** A failed command makes the connection unhealthy for so long, and is told so often at the most. */
const UNHEALTHY_MS = 10_000;
const TOLD_EVERY_MS = 60_000;

/** Connects; resolves when Redis is ready or after a second without it: the service starts either way. */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { emit, commandTimeoutMs, ticks = () => performance.now() } = options;
  const client = createClient({ ...options, ticks });
  const failures = createFailureLog(emit, ticks);
  let isReady = false;
  let isClosed = false;
  let reason = 'unreachable';
  // Without a listener an error would end the process.
  client.on('error', (error: unknown) => {
    reason = reasonOf(error);
  });
  client.on('ready', () => {
    isReady = true;
    reason = 'closed';
    failures.forget();
    breaker.reset();
    emit({ type: 'redis-state', state: 'ready' });
  });
  client.on('close', () => {
    if (isReady) emit({ type: 'redis-state', state: 'lost', reason });
    isReady = false;
  });
  const within = createPatience(commandTimeoutMs);
  const breaker = createRedisBreaker({
    laneOf: (key) => serverOf(client, key),
    probe: (key) => within(client.exists(key)),
    onChange: (state) => emit({ type: 'redis-breaker', state }),
    ticks,
    later: (run, delayMs) => {
      if (!isClosed) setTimeout(run, delayMs).unref();
    },
  });
  const commands = guardCommands(client, {
    isReady: () => isReady,
    within,
    isLate: breaker.isOpen,
    onOverdue: breaker.trip,
    onFailure: failures.add,
    endOfTurn: createEndOfTurn(),
  });
  const subscriptions: Subscription[] = [];
  await readyOrTimeout(client);
  if (!isReady) emit({ type: 'redis-state', state: 'lost', reason });
  return {
    client,
    commands,
    subscribe(channel, listener) {
      const subscription = subscribe(client, { channel, listener, emit, reconnectDelayMs });
      subscriptions.push(subscription);
      return subscription;
    },
    isReady: () => isReady,
    isHealthy: () => isReady && !breaker.isAnyOpen() && !failures.isRecent(),
    async close() {
      isClosed = true;
      for (const subscription of subscriptions) subscription.end();
      client.removeAllListeners('close');
      if (isReady) await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

function createClient(options: Required<RedisConnectionOptions>): Redis | Cluster {
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

/** The name of the server that a key lies on, as far as is known: where there is no Cluster, of the only one. */
function serverOf(client: Redis | Cluster, key: string): string {
  return client instanceof Cluster ? (client.slots[slotOf(key)]?.[0] ?? '') : '';
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
function reconnectDelayMs(attempt: number): number {
  const delay = Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS);
  return delay / 2 + Math.random() * (delay / 2);
}

/** Remembers when a command failed last, though connected, and tells operators why, now and then. */
function createFailureLog(emit: Emit, ticks: () => number) {
  let failedAt = Number.NEGATIVE_INFINITY;
  let told = { reason: '', at: Number.NEGATIVE_INFINITY };
  return {
    add(error: unknown) {
      failedAt = ticks();
      const reason = reasonOf(error);
      if (reason === told.reason && failedAt - told.at < TOLD_EVERY_MS) return;
      told = { reason, at: failedAt };
      emit({ type: 'redis-state', state: 'failing', reason });
    },
    isRecent: () => ticks() - failedAt < UNHEALTHY_MS,
    forget() {
      failedAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** The system's code (`ECONNREFUSED`) or Redis' own (`WRONGPASS`), without the message, which may hold more. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unreachable';
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return code;
  if (/time(?:d )?out/i.test(error.message)) return 'timeout';
  if (/sentinels are unreachable/i.test(error.message)) return 'sentinels-unreachable';
  return /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? error.name;
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

async function readyOrTimeout(client: Redis | Cluster): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CONNECT_TIMEOUT_MS);
  client.once('ready', resolve);
  await promise;
  clearTimeout(timer);
}
