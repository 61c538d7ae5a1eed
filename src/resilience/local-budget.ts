// Budgets for calls to the vendor, counted in this process.
import type { Priority } from '../domain/source.ts';
import type { Allowance } from '../domain/tenant.ts';
import {
  type Bucket,
  callsLeft,
  fullBucket,
  refilled,
  slowed,
  type Taken,
  take,
} from './token-bucket.ts';

/** Budgets by name. Never rejects. */
export interface Budgets {
  /** Takes one call, if there is one for this priority. */
  take(name: string, allowance: Allowance, priority: Priority): Taken | Promise<Taken>;
  /** The vendor has refused a call, and said when to come back. */
  slow(name: string, allowance: Allowance, retryAfterMs: number): void;
  /** The calls that are left now, as far as this process knows. */
  left(name: string, allowance: Allowance): number;
}

/** Budgets that stand in for others. */
export interface LocalBudgets extends Budgets {
  /** No more than so many calls are left now. */
  cap(name: string, allowance: Allowance, calls: number): void;
}

/** Creates budgets, all of them full. `now` is the present in Unix milliseconds. */
export function createLocalBudgets(now: () => number): LocalBudgets {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (name: string, allowance: Allowance) =>
    refilled(buckets.get(name) ?? fullBucket(allowance, now()), allowance, now());
  return {
    take(name, allowance, priority) {
      const { bucket, taken } = take(bucketOf(name, allowance), allowance, priority);
      buckets.set(name, bucket);
      return taken;
    },
    cap(name, allowance, calls) {
      const bucket = bucketOf(name, allowance);
      buckets.set(name, { ...bucket, tokens: Math.min(bucket.tokens, calls) });
    },
    slow(name, allowance, retryAfterMs) {
      buckets.set(name, slowed(bucketOf(name, allowance), retryAfterMs));
    },
    left: (name, allowance) => callsLeft(bucketOf(name, allowance)),
  };
}
