// Metrics of calls to 8x8, and of what guards them.
import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import type { Tenant } from '../domain/tenant.ts';
import type { EventHandlers } from './event-handlers.ts';
import { DURATION_BUCKETS_SECONDS } from './metric-buckets.ts';

type Handled =
  | 'upstream-call'
  | 'upstream-retry'
  | 'breaker'
  | 'bulkhead'
  | 'budget'
  | 'upstream-refused-place'
  | 'upstream-drift'
  | 'upstream-refused-key';

const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Registers them; what guards the calls for these tenants lets them pass at first. */
export function upstreamMetrics(
  registers: Registry[],
  tenants: Iterable<Pick<Tenant, 'name' | 'region'>>,
): EventHandlers<Handled> {
  const calls = new Histogram({
    name: 'customer360_upstream_call_duration_seconds',
    help: 'Calls to 8x8 by outcome (ok, or the problem it led to) and for whom: a caller, a refresh, an export',
    labelNames: ['region', 'endpoint', 'outcome', 'priority'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const retries = new Counter({
    name: 'customer360_upstream_retries_total',
    help: 'Calls to 8x8 that failed in passing: tried again, or not since retries are spent',
    labelNames: ['region', 'outcome'],
    registers,
  });
  const breakers = new Gauge({
    name: 'customer360_breaker_state',
    help: 'What passes to 8x8 for a tenant: 0 all calls (closed), 1 one to see how it fares (half-open), 2 none (open)',
    labelNames: ['tenant', 'region'],
    aggregator: 'max',
    registers,
  });
  const refusing = new Gauge({
    name: 'customer360_upstream_refusing',
    help: '1 while calls to a region are refused, since too many are under way and wait (any process)',
    labelNames: ['region'],
    aggregator: 'max',
    registers,
  });
  for (const { name: tenant, region } of tenants) {
    breakers.set({ tenant, region }, BREAKER_STATES.closed);
    refusing.set({ region }, 0);
  }
  const budgets = new Counter({
    name: 'customer360_budget_calls_total',
    help: 'Calls to 8x8 by whether there was one left for them (taken, spent); and how often 8x8 refused so that fewer are made (lowered)',
    labelNames: ['tenant', 'outcome', 'priority'],
    registers,
  });
  const refusedPlaces = new Counter({
    name: 'customer360_upstream_refused_places_total',
    help: 'Calls to 8x8 that were not made since too many were under way or waiting',
    labelNames: ['region'],
    registers,
  });
  const drift = new Counter({
    name: 'customer360_upstream_drift_total',
    help: 'Things in answers of 8x8 that were not as expected, though usable',
    labelNames: ['endpoint', 'drift'],
    registers,
  });
  const refusedKeys = new Counter({
    name: 'customer360_upstream_refused_keys_total',
    help: 'Calls to 8x8 whose key or tenant id was refused',
    labelNames: ['tenant', 'region'],
    registers,
  });
  return {
    'upstream-call'({ region, endpoint, outcome, priority, durationMs }) {
      calls.observe({ region, endpoint, outcome, priority }, durationMs / 1000);
    },
    'upstream-retry': ({ region, outcome }) => retries.inc({ region, outcome }),
    breaker: ({ tenant, region, state }) => breakers.set({ tenant, region }, BREAKER_STATES[state]),
    bulkhead: ({ region, state }) => refusing.set({ region }, state === 'full' ? 1 : 0),
    budget: ({ tenant, outcome, priority }) => budgets.inc({ tenant, outcome, priority }),
    'upstream-refused-place': ({ region }) => refusedPlaces.inc({ region }),
    'upstream-drift': ({ endpoint, drift: kind, count }) =>
      drift.inc({ endpoint, drift: kind }, count),
    'upstream-refused-key': ({ tenant, region }) => refusedKeys.inc({ tenant, region }),
  };
}
