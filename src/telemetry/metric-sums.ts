// The metrics of several processes as those of one service.
import { type PrometheusContentType, Registry } from '@prometheus-io/client';
import { z } from 'zod';

/** The metrics of one process at one moment; values that are no numbers yet are left out. */
export const metricsSnapshot = z.array(
  z.object({
    name: z.string(),
    help: z.string(),
    type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
    /** How the values of several processes become one; absent: they are summed. */
    aggregator: z.enum(['sum', 'first', 'min', 'max', 'average', 'omit']).optional(),
    values: z.array(
      z.object({
        value: z.number(),
        labels: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
        metricName: z.string().optional(),
      }),
    ),
  }),
);

/** The metrics of one process at one moment. */
export type MetricsSnapshot = z.infer<typeof metricsSnapshot>;

/** Adds up what processes have told last. */
export interface MetricSums {
  /** Puts a snapshot in the place of the one before of the same process. */
  hold(processId: number, snapshot: MetricsSnapshot): void;
  /** A process has ended: what it counted stays, since a counter must not fall; its gauges go. */
  retire(processId: number): void;
  /** All that is held and these metrics of one's own, in Prometheus' text format. */
  render(own: MetricsSnapshot): Promise<string>;
}

/** Creates sums that hold nothing. */
export function createMetricSums(): MetricSums {
  const held = new Map<number, MetricsSnapshot>();
  let retired: MetricsSnapshot = [];
  return {
    hold: (processId, snapshot) => void held.set(processId, snapshot),
    retire(processId) {
      const counted = (held.get(processId) ?? []).filter(isCounted);
      held.delete(processId);
      retired = metricsSnapshot.parse(add([retired, counted]).getMetricsAsArray());
    },
    render: (own) => add([own, ...held.values(), retired]).metrics(),
  };
}

function add(snapshots: MetricsSnapshot[]): Registry<PrometheusContentType> {
  return Registry.aggregate(snapshots);
}

function isCounted({ type }: MetricsSnapshot[number]): boolean {
  return type === 'counter' || type === 'histogram';
}
