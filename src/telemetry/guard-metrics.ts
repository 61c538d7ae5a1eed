// Metrics of what guards the calls to 8x8, as it stands at the moment when somebody looks.
import { Gauge, type Registry } from '@prometheus-io/client';

/** How it stands. */
export interface GuardReadings {
  /** The calls that are left now to each tenant with a budget, by its name. */
  budgetsLeft(): ReadonlyMap<string, number>;
}

/** Registers them. */
export function guardMetrics(registers: Registry[], { budgetsLeft }: GuardReadings): void {
  new Gauge({
    name: 'customer360_budget_left_calls',
    help: 'Calls that are left, of tenants with a budget; calls of other replicas are seen with the next of its own',
    labelNames: ['tenant'],
    aggregator: 'min',
    registers,
    collect() {
      for (const [tenant, calls] of budgetsLeft()) this.set({ tenant }, calls);
    },
  });
}
