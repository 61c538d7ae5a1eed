// Budgets for calls to the vendor, counted in this process.
import type { Priority } from '../domain/source.ts';
import type { Allowance } from '../domain/tenant.ts';
import { type Bucket, fullBucket, refilled, slowed, type Taken, take } from './token-bucket.ts';

/** Budgets by name. Never rejects. */
export interface Budgets {
  /** Takes one call, if there is one for this priority. */
  take(name: string, allowance: Allowance, priority: Priority): Taken | Promise<Taken>;
  /** The vendor has refused a call, and said when to come back. */
  slow(name: string, allowance: Allowance, retryAfterMs: number): void;
}

/** Creates budgets, all of them full. `now` is the present in Unix milliseconds. */
export function createLocalBudgets(now: () => number): Budgets {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (name: string, allowance: Allowance) =>
    refilled(buckets.get(name) ?? fullBucket(allowance, now()), allowance, now());
  return {
    take(name, allowance, priority) {
      const { bucket, taken } = take(bucketOf(name, allowance), allowance, priority);
      buckets.set(name, bucket);
      return taken;
    },
    slow(name, allowance, retryAfterMs) {
      buckets.set(name, slowed(bucketOf(name, allowance), retryAfterMs));
    },
  };
}
