// The layer that leaves a tenant's region alone for a while when most calls to it fail.
import {
  BrokenCircuitError,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  handleWhen,
} from 'cockatiel';
import { isProblem, isTransient, Problem } from '../domain/problem.ts';
import type { Layer } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';

/** What a breaker does: lets calls pass, lets none pass, or lets one pass to see how it fares. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Guards the calls for one tenant. */
export interface Breaker {
  /** @throws {Problem} `upstream-unavailable` while calls are held back; else what the work throws */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

interface BreakerOptions {
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly onChange: (state: BreakerState) => void;
}

/** Opens when half of the last calls, of five at least, have failed. */
const FAILURES = { threshold: 0.5, size: 50, minimumNumberOfCalls: 5 } as const;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Only transient failures count: what 8x8 says of one customer is no verdict on the way to it. */
export function createBreaker({ now, random, onChange }: BreakerOptions): Breaker {
  let pauseEndsAt = 0;
  const pauseAfter = (failures: number) => {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
    // Replicas do not come back all at once.
    pauseEndsAt = now() + longest * (0.5 + random() / 2);
    return {
      // The library compares this with the system's clock: our own says whether the pause is over.
      get duration() {
        return now() < pauseEndsAt ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
      },
      next: () => pauseAfter(failures + 1),
    };
  };
  let state: BreakerState = 'closed';
  const isFailure = (error: unknown) =>
    isTransient(error) || (state === 'half-open' && isNoVerdict(error));
  const circuit = circuitBreaker(handleWhen(isFailure), {
    breaker: new CountBreaker(FAILURES),
    halfOpenAfter: { next: () => pauseAfter(0) },
  });
  circuit.onStateChange((changed) => {
    state = nameOf(changed);
    onChange(state);
  });

  const heldBack = () =>
    new Problem('upstream-unavailable', {
      reason: 'breaker-open',
      retryAfterSeconds: (pauseEndsAt - now()) / 1000,
    });

  return {
    async run(work) {
      // One call is under way to see how it fares: the others do not wait for it.
      if (circuit.state === CircuitState.HalfOpen) throw heldBack();
      try {
        return await circuit.execute(work);
      } catch (error) {
        throw error instanceof BrokenCircuitError ? heldBack() : error;
      }
    },
  };
}

/** The layer for it, with one breaker for each tenant, by name. */
export function breaker<Query extends { readonly tenant: Tenant }, Answer>(
  breakers: ReadonlyMap<string, Breaker>,
): Layer<Query, Answer> {
  return (next) => (query, context) => {
    const work = () => next(query, context);
    return breakers.get(query.tenant.name)?.run(work) ?? work();
  };
}

/** 8x8 was not asked after all, or not waited for: nothing shows that it works again. */
function isNoVerdict(error: unknown): boolean {
  if (isProblem(error, 'overloaded') || isProblem(error, 'upstream-timeout')) return true;
  return isProblem(error, 'upstream-throttled') && error.details.reason === 'budget';
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}
