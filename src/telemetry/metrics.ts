// Events as Prometheus metrics. Labels have few values: no customer, no raw path.
import { collectDefaultMetrics, Registry } from '@prometheus-io/client';
import type { Tenant } from '../domain/tenant.ts';
import { cacheMetrics } from './cache-metrics.ts';
import { handleBy } from './event-handlers.ts';
import type { Emit } from './events.ts';
import { type GuardReadings, guardMetrics } from './guard-metrics.ts';
import { type MetricsSnapshot, metricsSnapshot } from './metric-sums.ts';
import { redisMetrics } from './redis-metrics.ts';
import { requestMetrics } from './request-metrics.ts';
import { upstreamMetrics } from './upstream-metrics.ts';

/** Metrics of this process. */
export interface Metrics {
  readonly emit: Emit;
  /** Also tells, from now on, how these stand whenever it is asked. To be called once. */
  watch(guards: GuardReadings): void;
  readonly contentType: string;
  /** The metrics in Prometheus' text format. */
  render(): Promise<string>;
  /** The metrics as data, to be added up with those of other processes. */
  snapshot(): Promise<MetricsSnapshot>;
}

/** What there is to tell about before anything has happened. */
export interface Measured {
  readonly tenants: Iterable<Pick<Tenant, 'name' | 'region'>>;
  /** Without Redis it has no metrics of states. */
  readonly hasRedis: boolean;
}

/** Creates a registry of its own, so that several services can live in one process. */
export function createMetrics({ tenants, hasRedis }: Measured): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const emit = handleBy({
    ...requestMetrics(registers),
    ...cacheMetrics(registers),
    ...upstreamMetrics(registers, tenants),
    ...redisMetrics(registers, hasRedis),
  });
  return {
    emit,
    watch: (guards) => guardMetrics(registers, guards),
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
