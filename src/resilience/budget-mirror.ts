// What a process knows of budgets that Redis counts: enough to go on with them where Redis has failed or forgotten.
import type { Allowance } from '../domain/tenant.ts';
import { type Bucket, callsLeft, fullBucket, refilled, slowed } from './token-bucket.ts';

/** Budgets as last heard of, by name. */
export interface BudgetMirror {
  /** The tokens that are left, and how long a pause still lasts. */
  known(name: string, allowance: Allowance): { readonly tokens: number; readonly pauseMs: number };
  /** The calls that are left. */
  left(name: string, allowance: Allowance): number;
  /** Redis has counted; so much is left. */
  noteShared(name: string, allowance: Allowance, left: number): void;
  /** A call was made without Redis. */
  noteAlone(name: string, allowance: Allowance): void;
  /** The vendor has refused a call. */
  noteSlow(name: string, allowance: Allowance, retryAfterMs: number): void;
  /** The calls that Redis does not know of; it is told of them now. */
  tellAlone(name: string): number;
  /** It was not told of so many after all. */
  untell(name: string, calls: number): void;
  /** What is left, the first time that Redis fails after it has counted; else null. */
  leaveShared(name: string, allowance: Allowance): number | null;
}

/** Creates a mirror of full budgets. `now` is the present in Unix milliseconds. */
export function createBudgetMirror(now: () => number): BudgetMirror {
  const buckets = new Map<string, Bucket>();
  const untold = new Map<string, number>();
  const shared = new Set<string>();

  const bucketOf = (name: string, allowance: Allowance) =>
    refilled(buckets.get(name) ?? fullBucket(allowance, now()), allowance, now());
  const add = (name: string, calls: number) => untold.set(name, (untold.get(name) ?? 0) + calls);

  return {
    known(name, allowance) {
      const { tokens, pausedUntil } = bucketOf(name, allowance);
      return { tokens, pauseMs: Math.max(0, Math.ceil(pausedUntil - now())) };
    },
    left: (name, allowance) => callsLeft(bucketOf(name, allowance)),
    noteShared(name, allowance, left) {
      buckets.set(name, { ...bucketOf(name, allowance), tokens: left });
      shared.add(name);
    },
    noteAlone(name, allowance) {
      const bucket = bucketOf(name, allowance);
      buckets.set(name, { ...bucket, tokens: Math.max(0, bucket.tokens - 1) });
      add(name, 1);
    },
    noteSlow(name, allowance, retryAfterMs) {
      buckets.set(name, slowed(bucketOf(name, allowance), retryAfterMs));
    },
    tellAlone(name) {
      const calls = untold.get(name) ?? 0;
      untold.delete(name);
      return calls;
    },
    untell: (name, calls) => void add(name, calls),
    leaveShared(name, allowance) {
      return shared.delete(name) ? bucketOf(name, allowance).tokens : null;
    },
  };
}
