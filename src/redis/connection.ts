// The connection to Redis: tuned so that a Redis that is lost costs each request little, and nothing hangs.
import slotOf from 'cluster-key-slot';
import { Cluster, type Redis } from 'ioredis';
import type { Emit } from '../telemetry/events.ts';
import { createAllowance, IN_TIME_MS } from './allowance.ts';
import { createRedisBreaker } from './breaker.ts';
import {
  type ClientOptions,
  CONNECT_TIMEOUT_MS,
  createClient,
  reconnectDelayMs,
} from './client.ts';
import { guardCommands, type RedisCommands } from './commands.ts';
import { createPatience } from './patience.ts';
import { type Subscription, subscribe } from './subscription.ts';

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

interface RedisConnectionOptions extends Omit<ClientOptions, 'ticks'> {
  readonly emit: Emit;
  /** The longest wait for one command, and for several that are late one after the other. In milliseconds. */
  readonly commandTimeoutMs: number;
  /** Milliseconds that only grow. */
  readonly ticks?: () => number;
  /** Resolves when all that had arrived in the present turn of the event loop has been read; absent: at once. */
  readonly endOfTurn?: () => Promise<void>;
}

/** A failed command makes the connection unhealthy for so long, and is told so often at the most. */
const UNHEALTHY_MS = 10_000;
const TOLD_EVERY_MS = 60_000;

/** Connects; resolves when Redis is ready or after a second without it: the service starts either way. */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { emit, commandTimeoutMs, ticks = () => performance.now() } = options;
  const { endOfTurn = () => Promise.resolve() } = options;
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
  const patience = createPatience(ticks);
  const laneOf = (key: string) => serverOf(client, key);
  const breaker = createRedisBreaker({
    laneOf,
    probe: (key) => patience.within(client.exists(key), IN_TIME_MS),
    onChange: (state) => emit({ type: 'redis-breaker', state }),
    ticks,
    later: (run, delayMs) => {
      if (!isClosed) setTimeout(run, delayMs).unref();
    },
  });
  const commands = guardCommands(client, {
    isReady: () => isReady,
    within: createAllowance({
      patience,
      allowanceMs: commandTimeoutMs,
      laneOf,
      onSpent: breaker.trip,
    }),
    withinForOthers: (command) => patience.within(command, commandTimeoutMs),
    isLate: breaker.isOpen,
    onFailure: failures.add,
    endOfTurn,
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

/** The name of the server that a key lies on, as far as is known: where there is no Cluster, of the only one. */
function serverOf(client: Redis | Cluster, key: string): string {
  return client instanceof Cluster ? (client.slots[slotOf(key)]?.[0] ?? '') : '';
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

async function readyOrTimeout(client: Redis | Cluster): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CONNECT_TIMEOUT_MS);
  client.once('ready', resolve);
  await promise;
  clearTimeout(timer);
}
