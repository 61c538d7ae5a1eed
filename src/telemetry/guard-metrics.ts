// Metrics of what guards the calls to 8x8, as it stands at the moment when somebody looks.
import { Gauge, type Registry } from '@prometheus-io/client';
import type { Region } from '../domain/region.ts';

/** How it stands. */
export interface GuardReadings {
  /** The calls that are left now to each tenant with a budget, by its name. */
  budgetsLeft(): ReadonlyMap<string, number>;
  /** The calls to each region that has tenants. */
  places(): ReadonlyMap<Region, { readonly underWay: number; readonly waiting: number }>;
}

/** Registers them. */
export function guardMetrics(registers: Registry[], readings: GuardReadings): void {
  const { budgetsLeft, places } = readings;
  new Gauge({
    name: 'customer360_budget_left_calls',
    help: 'Calls that are left, of tenants with a budget; calls of other replicas are seen within two seconds while it is in use',
    labelNames: ['tenant'],
    aggregator: 'min',
    registers,
    collect() {
      for (const [tenant, calls] of budgetsLeft()) this.set({ tenant }, calls);
    },
  });
  new Gauge({
    name: 'customer360_upstream_calls_under_way',
    help: 'Calls to 8x8 that are under way',
    labelNames: ['region'],
    registers,
    collect() {
      for (const [region, { underWay }] of places()) this.set({ region }, underWay);
    },
  });
  new Gauge({
    name: 'customer360_upstream_calls_waiting',
    help: 'Calls to 8x8 that wait for another one to end',
    labelNames: ['region'],
    registers,
    collect() {
      for (const [region, { waiting }] of places()) this.set({ region }, waiting);
    },
  });
}
