// Metrics of the cache: reads, flights, leases.
import { Counter, Histogram, type Registry } from '@prometheus-io/client';
import type { EventHandlers } from './event-handlers.ts';
import { DURATION_BUCKETS_SECONDS } from './metric-buckets.ts';

type Handled =
  | 'cache-read'
  | 'flight-begun'
  | 'flight-joined'
  | 'background-refresh'
  | 'lease'
  | 'lease-wait'
  | 'entry-unreadable';

/** Registers them. */
export function cacheMetrics(registers: Registry[]): EventHandlers<Handled> {
  const reads = new Counter({
    name: 'customer360_cache_reads_total',
    help: 'Reads of the cache by what was read, outcome and the tier that answered',
    labelNames: ['kind', 'outcome', 'tier'],
    registers,
  });
  const stale = new Counter({
    name: 'customer360_stale_served_total',
    help: 'Answers past their fresh time by why: while they were fetched anew (refreshing), or the problem of fetching',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const flights = new Counter({
    name: 'customer360_flights_total',
    help: 'Fetches of the process that requests wait for together: looks into Redis and at 8x8',
    labelNames: ['kind'],
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
  const leaseWaits = new Histogram({
    name: 'customer360_lease_wait_duration_seconds',
    help: 'Waits for what another process was fetching',
    labelNames: ['kind'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const unreadable = new Counter({
    name: 'customer360_unreadable_entries_total',
    help: 'Entries in Redis that did not decrypt',
    registers,
  });
  return {
    'cache-read'({ kind, outcome, tier, reason, count }) {
      reads.inc({ kind, outcome, tier }, count);
      if (outcome === 'stale') stale.inc({ kind, reason: 'refreshing' }, count);
      if (outcome === 'stale-if-error') stale.inc({ kind, reason: reason ?? 'none' }, count);
    },
    'flight-begun': ({ kind }) => flights.inc({ kind }),
    'flight-joined': ({ kind }) => flightsJoined.inc({ kind }),
    'background-refresh': ({ kind, outcome }) => backgroundRefreshes.inc({ kind, outcome }),
    lease: ({ kind, outcome }) => leases.inc({ kind, outcome }),
    'lease-wait': ({ kind, durationMs }) => leaseWaits.observe({ kind }, durationMs / 1000),
    'entry-unreadable': () => unreadable.inc(),
  };
}
