// Budgets for calls to the vendor, counted in this process.
import type { Priority } from '../domain/source.ts';
import type { Allowance } from '../domain/tenant.ts';
import { shareOf } from './replicas.ts';
import {
  type Bucket,
  callsLeft,
  fullBucket,
  refilled,
  slowed,
  type Taken,
  take,
  waitFor,
} from './token-bucket.ts';

/** Budgets by name. Never rejects. */
export interface Budgets {
  /** Takes one call, if there is one for this priority. */
  take(name: string, allowance: Allowance, priority: Priority): Taken | Promise<Taken>;
  /** The vendor has refused a call, and said when to come back. Tells whether that has lowered the rate. */
  slow(name: string, allowance: Allowance, retryAfterMs: number): boolean | Promise<boolean>;
  /** The calls that are left now, as far as this process knows. */
  left(name: string, allowance: Allowance): number;
  /** How long a caller waits for the next call, in milliseconds, as far as this process knows; 0 if there is one. */
  waitMs(name: string, allowance: Allowance): number;
}

/** Budgets of which all is known here. */
export interface LocalBudgets extends Budgets {
  take(name: string, allowance: Allowance, priority: Priority): Taken;
  slow(name: string, allowance: Allowance, retryAfterMs: number): boolean;
  /** The bucket as it is now; a full one, if there was none. */
  read(name: string, allowance: Allowance): Bucket;
  /** From now on it is this one. */
  put(name: string, bucket: Bucket): void;
}

/** The same, where so many processes do not know of each other: each has its part of what is allowed. */
export function shareBudgets(budgets: Budgets, processes: number): Budgets {
  const share = (allowance: Allowance) => shareOf(allowance, processes);
  return {
    take: (name, allowance, priority) => budgets.take(name, share(allowance), priority),
    slow: (name, allowance, retryAfterMs) => budgets.slow(name, share(allowance), retryAfterMs),
    left: (name, allowance) => budgets.left(name, share(allowance)),
    waitMs: (name, allowance) => budgets.waitMs(name, share(allowance)),
  };
}

/** Creates budgets, all of them full. `now` is the present in Unix milliseconds. */
export function createLocalBudgets(now: () => number): LocalBudgets {
  const buckets = new Map<string, Bucket>();
  const read = (name: string, allowance: Allowance) =>
    refilled(buckets.get(name) ?? fullBucket(allowance, now()), allowance, now());
  return {
    take(name, allowance, priority) {
      const { bucket, taken } = take(read(name, allowance), allowance, priority);
      buckets.set(name, bucket);
      return taken;
    },
    slow(name, allowance, retryAfterMs) {
      const { bucket, isLowered } = slowed(read(name, allowance), retryAfterMs);
      buckets.set(name, bucket);
      return isLowered;
    },
    left: (name, allowance) => callsLeft(read(name, allowance)),
    waitMs: (name, allowance) => waitFor(read(name, allowance), allowance, 'caller'),
    read,
    put: (name, bucket) => void buckets.set(name, bucket),
  };
}
