// Metrics of what callers ask, and of what is refused before anything is looked for.
import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import type { EventHandlers } from './event-handlers.ts';
import { DURATION_BUCKETS_SECONDS } from './metric-buckets.ts';

type Handled =
  | 'request'
  | 'quota-refused'
  | 'connection-refused'
  | 'connections'
  | 'load'
  | 'load-shed'
  | 'internal-error';

/** Registers them. */
export function requestMetrics(registers: Registry[]): EventHandlers<Handled> {
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the last byte of the reply',
    labelNames: ['method', 'route', 'status_code'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const quotaRefusals = new Counter({
    name: 'customer360_quota_refusals_total',
    help: 'Requests refused by a quota: that of an app, or of an address with failed credentials (app: none)',
    labelNames: ['policy', 'app'],
    registers,
  });
  const refusedConnections = new Counter({
    name: 'customer360_connections_refused_total',
    help: 'Connections that were closed unread, since a process had as many as it takes',
    registers,
  });
  const refusingConnections = new Gauge({
    name: 'customer360_connections_refusing',
    help: '1 while connections are refused, since a process has as many as it takes (any process)',
    aggregator: 'max',
    registers,
  });
  const loadShed = new Counter({
    name: 'customer360_load_shed_total',
    help: 'Fetches that were refused since the process is short of time (event-loop) or memory',
    labelNames: ['reason'],
    registers,
  });
  const shedding = new Gauge({
    name: 'customer360_load_shedding',
    help: '1 while a process refuses what it does not hold, since it is short of time or memory (any process)',
    aggregator: 'max',
    registers,
  });
  const internalErrors = new Counter({
    name: 'customer360_internal_errors_total',
    help: 'Faults of this service',
    registers,
  });
  return {
    request({ method, route, status, durationMs }) {
      const status_code = status === null ? 'aborted' : String(status);
      requests.observe({ method, route: route ?? 'none', status_code }, durationMs / 1000);
    },
    'quota-refused': ({ policy, app }) => quotaRefusals.inc({ policy, app: app ?? 'none' }),
    'connection-refused': () => refusedConnections.inc(),
    connections: ({ state }) => refusingConnections.set(state === 'full' ? 1 : 0),
    load: ({ shortage }) => shedding.set(shortage === null ? 0 : 1),
    'load-shed': ({ reason }) => loadShed.inc({ reason }),
    'internal-error': () => internalErrors.inc(),
  };
}
