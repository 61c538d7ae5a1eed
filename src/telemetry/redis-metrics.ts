// Metrics of Redis, and of what is done without it.
import { Counter, Gauge, type Registry } from '@prometheus-io/client';
import type { EventHandlers } from './event-handlers.ts';

type Handled =
  | 'store-failed'
  | 'redis-state'
  | 'redis-breaker'
  | 'redis-messages'
  | 'counting'
  | 'replicas';

const BREAKER_STATES = { closed: 0, open: 2 } as const;

/** Registers them; those of states only where there is a Redis: nothing is connected then, nor counted alone. */
export function redisMetrics(registers: Registry[], hasRedis: boolean): EventHandlers<Handled> {
  const withRedis = hasRedis ? registers : [];
  const storeFailures = new Counter({
    name: 'customer360_store_failures_total',
    help: 'Operations on Redis that failed and were done without',
    labelNames: ['operation'],
    registers,
  });
  const redisUp = new Gauge({
    name: 'customer360_redis_up',
    help: '1 while Redis is connected, 0 while it is lost (in any process); absent without Redis',
    labelNames: ['connection'],
    aggregator: 'min',
    registers: withRedis,
  });
  for (const connection of ['commands', 'messages']) redisUp.set({ connection }, 0);
  const redisBreaker = new Gauge({
    name: 'customer360_redis_breaker_state',
    help: 'Whether Redis is asked: 0 always (closed), 2 not, since it answers too late (open; of any process)',
    aggregator: 'max',
    registers: withRedis,
  });
  const countingAlone = new Gauge({
    name: 'customer360_counting_alone',
    help: '1 while a process grants its share of a quota or budget alone, since Redis does not count (any process)',
    labelNames: ['of'],
    aggregator: 'max',
    registers: withRedis,
  });
  for (const kind of ['quota', 'budget']) countingAlone.set({ of: kind }, 0);
  const replicas = new Gauge({
    name: 'customer360_replicas',
    help: 'Processes that share Redis, as seen last',
    aggregator: 'max',
    registers: withRedis,
  });
  return {
    'store-failed': ({ operation }) => storeFailures.inc({ operation }),
    'redis-state'({ state }) {
      if (state !== 'failing') redisUp.set({ connection: 'commands' }, state === 'ready' ? 1 : 0);
    },
    'redis-breaker': ({ state }) => redisBreaker.set(BREAKER_STATES[state]),
    'redis-messages': ({ state }) =>
      redisUp.set({ connection: 'messages' }, state === 'ready' ? 1 : 0),
    replicas: ({ count }) => replicas.set(count),
    counting: ({ of, state }) => countingAlone.set({ of }, state === 'alone' ? 1 : 0),
  };
}
