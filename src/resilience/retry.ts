// The layer that tries once more where the way to the vendor has failed, within what all tries together may cost.
import { setTimeout as delay } from 'node:timers/promises';
import { isTransient } from '../domain/problem.ts';
import type { Region } from '../domain/region.ts';
import type { Context, Layer } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';

/** What second tries may cost: a tenth of first ones, and a few at once. */
export interface RetryBudget {
  /** Counts a first try. */
  earn(): void;
  /** Takes one second try; false if there is none left. */
  spend(): boolean;
}

interface RetryOptions {
  readonly budgets: Readonly<Record<Region, RetryBudget>>;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** Told of each failed try that might be tried again, and whether it is. */
  readonly onFailure: (tenant: Tenant, outcome: RetryOutcome) => void;
  /** Waits; rejects when the signal ends. */
  readonly wait?: Wait;
}

/** `spent`: the budget for second tries. */
export type RetryOutcome = 'retried' | 'spent';

type Wait = (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;

const LONGEST_WAIT_MS = 250;
const TRIES_PER_RETRY = 10;
const MOST_RETRIES_AT_ONCE = 10;

/**
 * Tries again at most once, after a wait with full jitter, where a failure is transient and the vendor has not said
 * when to come back. @throws {Problem} of the last try
 */
export function retry<Query extends { readonly tenant: Tenant }, Answer>({
  budgets,
  random,
  onFailure,
  wait = waitFor,
}: RetryOptions): Layer<Query, Answer> {
  return (next) => async (query, context) => {
    const { tenant } = query;
    const budget = budgets[tenant.region];
    budget.earn();
    try {
      return await next(query, context);
    } catch (error) {
      if (!isWorthRetrying(error, context)) throw error;
      const isAffordable = budget.spend();
      onFailure(tenant, isAffordable ? 'retried' : 'spent');
      if (!isAffordable) throw error;
      // The deadline says what is told if it passes meanwhile.
      await wait(random() * LONGEST_WAIT_MS, context.signal).catch(() => Promise.reject(error));
      return next(query, context);
    }
  };
}

function isWorthRetrying(error: unknown, { signal }: Context): boolean {
  const isPassing = isTransient(error) && error.details.retryAfterSeconds === undefined;
  return isPassing && !signal?.aborted;
}

/** A budget that is full. */
export function createRetryBudget(): RetryBudget {
  const mostTries = TRIES_PER_RETRY * MOST_RETRIES_AT_ONCE;
  let tries = mostTries;
  return {
    earn() {
      tries = Math.min(tries + 1, mostTries);
    },
    spend() {
      if (tries < TRIES_PER_RETRY) return false;
      tries -= TRIES_PER_RETRY;
      return true;
    },
  };
}

async function waitFor(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(delayMs, undefined, { ...(signal && { signal }) });
}
