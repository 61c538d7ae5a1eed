// Events as Prometheus metrics. Labels have few values: no customer, no raw path.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { Emit, RequestEvent } from './events.ts';
import { type MetricsSnapshot, metricsSnapshot } from './metric-sums.ts';

/** Metrics of this process. */
export interface Metrics {
  readonly emit: Emit;
  readonly contentType: string;
  /** The metrics in Prometheus' text format. */
  render(): Promise<string>;
  /** The metrics as data, to be added up with those of other processes. */
  snapshot(): Promise<MetricsSnapshot>;
}

const REQUEST_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Creates a registry of its own, so that several services can live in one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the last byte of the reply',
    labelNames: ['method', 'route', 'status_code'],
    buckets: REQUEST_BUCKETS_SECONDS,
    registers,
  });
  const cacheReads = new Counter({
    name: 'customer360_cache_reads_total',
    help: 'Reads of the cache by what was read, outcome and the tier that answered',
    labelNames: ['kind', 'outcome', 'tier'],
    registers,
  });
  const flightsJoined = new Counter({
    name: 'customer360_flights_joined_total',
    help: 'Requests that waited for a fetch that another request of the process had begun',
    labelNames: ['kind'],
    registers,
  });
  const backgroundRefreshes = new Counter({
    name: 'customer360_background_refreshes_total',
    help: 'Stale entries fetched anew in the background by outcome',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const leases = new Counter({
    name: 'customer360_leases_total',
    help: 'Rights to fetch, over all processes, by how they ended',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const upstreamCalls = new Histogram({
    name: 'customer360_upstream_call_duration_seconds',
    help: 'Calls to 8x8 by region, endpoint and outcome (ok, or the problem it led to)',
    labelNames: ['region', 'endpoint', 'outcome'],
    buckets: REQUEST_BUCKETS_SECONDS,
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
  const budgets = new Counter({
    name: 'customer360_budget_calls_total',
    help: 'Calls to 8x8 by whether there was one left for them (taken, spent), and those that 8x8 refused (lowered)',
    labelNames: ['tenant', 'outcome', 'priority'],
    registers,
  });
  const budgetLeft = new Gauge({
    name: 'customer360_budget_left_calls',
    help: 'Calls that were left when one was wanted last, of tenants with a budget',
    labelNames: ['tenant'],
    aggregator: 'min',
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
  const storeFailures = new Counter({
    name: 'customer360_store_failures_total',
    help: 'Operations on Redis that failed and were done without',
    labelNames: ['operation'],
    registers,
  });
  const unreadable = new Counter({
    name: 'customer360_unreadable_entries_total',
    help: 'Entries in Redis that did not decrypt',
    registers,
  });
  const internalErrors = new Counter({
    name: 'customer360_internal_errors_total',
    help: 'Faults of this service',
    registers,
  });
  const redisUp = new Gauge({
    name: 'customer360_redis_up',
    help: '1 while Redis is connected, 0 while it is lost (in any process); absent without Redis',
    labelNames: ['connection'],
    aggregator: 'min',
    registers,
  });

  const countingAlone = new Gauge({
    name: 'customer360_counting_alone',
    help: '1 while a process grants its share of a quota or budget alone, since Redis does not count (any process)',
    labelNames: ['of'],
    aggregator: 'max',
    registers,
  });
  const redisBreaker = new Gauge({
    name: 'customer360_redis_breaker_state',
    help: 'Whether Redis is asked: 0 always (closed), 2 not, since it answers too late (open; of any process)',
    aggregator: 'max',
    registers,
  });

  const emit: Emit = (event) => {
    switch (event.type) {
      case 'request':
        return requests.observe(requestLabels(event), event.durationMs / 1000);
      case 'cache-read': {
        const { kind, outcome, tier } = event;
        return cacheReads.inc({ kind, outcome, tier }, event.count);
      }
      case 'flight-joined':
        return flightsJoined.inc({ kind: event.kind });
      case 'background-refresh':
        return backgroundRefreshes.inc({ kind: event.kind, outcome: event.outcome });
      case 'lease':
        return leases.inc({ kind: event.kind, outcome: event.outcome });
      case 'upstream-call': {
        const { region, endpoint, outcome } = event;
        return upstreamCalls.observe({ region, endpoint, outcome }, event.durationMs / 1000);
      }
      case 'upstream-retry':
        return retries.inc({ region: event.region, outcome: event.outcome });
      case 'breaker': {
        const { tenant, region, state } = event;
        return breakers.set({ tenant, region }, BREAKER_STATES[state]);
      }
      case 'budget': {
        const { tenant, outcome, priority, left } = event;
        if (left !== null) budgetLeft.set({ tenant }, left);
        return budgets.inc({ tenant, outcome, priority });
      }
      case 'upstream-refused-place':
        return refusedPlaces.inc({ region: event.region });
      case 'upstream-drift':
        return drift.inc({ endpoint: event.endpoint, drift: event.drift }, event.count);
      case 'upstream-refused-key':
        return refusedKeys.inc({ tenant: event.tenant, region: event.region });
      case 'store-failed':
        return storeFailures.inc({ operation: event.operation });
      case 'counting':
        return countingAlone.set({ of: event.of }, event.state === 'alone' ? 1 : 0);
      case 'entry-unreadable':
        return unreadable.inc();
      case 'redis-state':
        if (event.state === 'failing') return;
        return redisUp.set({ connection: 'commands' }, event.state === 'ready' ? 1 : 0);
      case 'redis-breaker':
        return redisBreaker.set(BREAKER_STATES[event.state]);
      case 'redis-messages':
        return redisUp.set({ connection: 'messages' }, event.state === 'ready' ? 1 : 0);
      case 'internal-error':
        return internalErrors.inc();
    }
  };
  return {
    emit,
    contentType: registry.contentType,
    render: () => registry.metrics(),
    snapshot: () => snapshotOf(registry),
  };
}

/** Without values that are not numbers, such as the mean of nothing. */
async function snapshotOf(registry: Registry): Promise<MetricsSnapshot> {
  const metrics = await registry.getMetricsAsJSON();
  const numbers = metrics.map(({ values, ...metric }) => ({
    ...metric,
    values: values.filter(({ value }) => Number.isFinite(value)),
  }));
  return metricsSnapshot.parse(numbers);
}

function requestLabels({ method, route, status }: RequestEvent) {
  return {
    method,
    route: route ?? 'none',
    status_code: status === null ? 'aborted' : String(status),
  };
}
