// What guards the way to the vendor, made once and shared by all that asks it: breakers, places, retries, budgets.
import { createBudgetAccounts } from './budget-accounts.ts';
import type { Configuration } from './config/configuration.ts';
import { byRegion, type Region } from './domain/region.ts';
import type { Tenant } from './domain/tenant.ts';
import { everyUnreferenced } from './every.ts';
import type { Peers } from './peers.ts';
import { processCount } from './process-count.ts';
import { createBreaker } from './resilience/breaker.ts';
import type { BudgetEvent } from './resilience/budget.ts';
import { createBulkhead } from './resilience/bulkhead.ts';
import { type Budgets, createLocalBudgets, shareBudgets } from './resilience/local-budget.ts';
import { createRetryBudget, type RetryOutcome } from './resilience/retry.ts';
import { createSharedBudgets } from './resilience/shared-budget.ts';
import type { Emit } from './telemetry/events.ts';
import type { GuardReadings } from './telemetry/guard-metrics.ts';

interface GuardOptions {
  readonly configuration: Pick<
    Configuration,
    'tenants' | 'apps' | 'upstream' | 'secrets' | 'workers'
  >;
  /** Null where there is no Redis. */
  readonly peers: Peers | null;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly emit: Emit;
}

/** For each connection to a region, so many calls may wait. */
const WAITING_A_CONNECTION = 16;

/** Creates the options of the layers `retry`, `breaker`, `bulkhead` and `budget`, and what reads how they stand. */
export function createGuards(options: GuardOptions) {
  const { configuration, now, random, emit } = options;
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
      callMs: Math.min(upstream.attemptTimeoutMs, upstream.deadlineMs / 2),
      onRefusal: () => emit({ type: 'upstream-refused-place', region }),
      onChange: (state) => emit({ type: 'bulkhead', region, state }),
      every: everyUnreferenced,
    });
  const bulkheads = byRegion(createPlaces);
  const used = new Set([...tenants.values()].map(({ region }) => region));
  const budgets = createBudgets(options);
  const accounts = createBudgetAccounts(configuration);
  const leftTo = (tenant: Tenant): (readonly [string, number])[] => {
    const { name, budget: allowance } = tenant;
    if (allowance === undefined) return [];
    // A call that finds its key revoked is made with the next one: it takes of both.
    const left = accounts.namesOf(tenant).map((key) => budgets.left(key, allowance));
    return [[name, Math.min(...left)]];
  };
  return {
    retries: {
      budgets: byRegion(createRetryBudget),
      random,
      onFailure: ({ name, region }: Tenant, outcome: RetryOutcome) =>
        emit({ type: 'upstream-retry', tenant: name, region, outcome }),
    },
    breakers: new Map([...tenants].map(([name, tenant]) => [name, createTenantsBreaker(tenant)])),
    bulkheads,
    calls: {
      budgets,
      unlimited: createLocalBudgets(now),
      nameOf: (tenant: Tenant, keyIndex: number) =>
        accounts.namesOf(tenant)[keyIndex] ?? tenant.name,
      partOf: accounts.partOf,
      onEvent: ({ name }: Tenant, event: BudgetEvent) =>
        emit({ type: 'budget', tenant: name, ...event }),
    },
    readings: {
      budgetsLeft: () => new Map([...tenants.values()].flatMap(leftTo)),
      places: () => new Map([...used].map((region) => [region, bulkheads[region].taken()])),
    } satisfies GuardReadings,
  };
}

function createBudgets({ configuration, peers, now, emit }: GuardOptions): Budgets {
  if (peers === null) return shareBudgets(createLocalBudgets(now), processCount(configuration));
  return createSharedBudgets({
    redis: peers.redis,
    keyOf: (name) => `c360:budget:{${name}}`,
    now,
    replicas: peers.replicas,
    watch: peers.watchCounting('budget'),
    onFailure: () => emit({ type: 'store-failed', operation: 'budget' }),
  });
}
