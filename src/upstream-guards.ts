// What guards the way to the vendor, made once and shared by all that asks it: breakers, places, retries.
import type { Configuration } from './config/configuration.ts';
import { byRegion, type Region } from './domain/region.ts';
import type { Tenant } from './domain/tenant.ts';
import { createBreaker } from './resilience/breaker.ts';
import { createBulkhead } from './resilience/bulkhead.ts';
import { createRetryBudget } from './resilience/retry.ts';
import type { Emit } from './telemetry/events.ts';

interface GuardOptions {
  readonly configuration: Pick<Configuration, 'tenants' | 'upstream'>;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly emit: Emit;
}

/** For each connection to a region, so many calls may wait. */
const WAITING_A_CONNECTION = 16;

/** Creates the options of the layers `retry`, `breaker` and `bulkhead`. */
export function createGuards({ configuration, now, random, emit }: GuardOptions) {
  const { tenants, upstream } = configuration;
  const createTenantsBreaker = ({ name, region }: Tenant) =>
    createBreaker({
      now,
      random,
      onChange: (state) => emit({ type: 'breaker', tenant: name, region, state }),
    });
  const createPlaces = (region: Region) =>
    createBulkhead({
      calls: upstream.connections,
      waiting: upstream.connections * WAITING_A_CONNECTION,
      onRefusal: () => emit({ type: 'upstream-refused-place', region }),
    });
  return {
    retries: {
      budgets: byRegion(createRetryBudget),
      random,
      onFailure: ({ name, region }: Tenant, outcome: 'retried' | 'spent') =>
        emit({ type: 'upstream-retry', tenant: name, region, outcome }),
    },
    breakers: new Map([...tenants].map(([name, tenant]) => [name, createTenantsBreaker(tenant)])),
    bulkheads: byRegion(createPlaces),
  };
}
