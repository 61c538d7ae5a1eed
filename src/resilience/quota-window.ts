// What a process knows of the window of a quota that it shares with others.
import type { QuotaUse } from '../domain/quota.ts';
import type { Allowance } from '../domain/tenant.ts';

/** What this process knows of the window of one name. */
export interface QuotaWindow {
  readonly key: string;
  readonly allowance: Allowance;
  /** What all have used, as Redis said last. */
  used: number;
  /** What was admitted here since, and what of it a call under way is telling Redis. */
  untold: number;
  telling: number;
  /** No later than Redis ends it; in milliseconds that only grow. */
  endsAt: number;
  /** What this process may still admit while it counts alone; less than nothing is owed. Else null. */
  ownLeft: number | null;
  /** When Redis failed this window last; in milliseconds that only grow. */
  failedAt: number;
  /** Those who wait for the answer of Redis. */
  readonly waiting: Waiting[];
  isAsking: boolean;
}

/** A request that only Redis can decide. */
export interface Waiting {
  readonly cost: number;
  readonly resolve: (use: QuotaUse) => void;
}

/**
 * All processes together admit at most this part of what is left before they tell each other, so that near the limit
 * each request is asked for, and no more than this part of a quota is admitted in excess of it.
 */
const UNTOLD_OF_REST = 0.02;

/** A window in which nothing is counted, and which is over. */
export function newWindow(key: string, allowance: Allowance): QuotaWindow {
  const never = Number.NEGATIVE_INFINITY;
  const nothing = { used: 0, untold: 0, telling: 0, endsAt: never, failedAt: never };
  return { key, allowance, ...nothing, ownLeft: null, waiting: [], isAsking: false };
}

/** Begins the next window of the same name: nothing of the last one counts in it. */
export function beginWindow(window: QuotaWindow, endsAt: number): void {
  window.used = 0;
  window.untold = 0;
  window.telling = 0;
  window.endsAt = endsAt;
}

/** What is used, by all that is known here. */
export function usedIn({ used, untold, telling }: QuotaWindow): number {
  return used + untold + telling;
}

/** How many requests this process may have admitted without having told. */
export function mostUntold({ used, allowance }: QuotaWindow, replicas: number): number {
  return Math.floor(((allowance.requests - used) * UNTOLD_OF_REST) / replicas);
}

/**
 * Takes what is untold to tell it to Redis. Returns it with what is known of the present window, in case Redis has
 * lost it: what is used, and the milliseconds left.
 */
export function beginTelling(window: QuotaWindow, now: number): readonly number[] {
  if (window.endsAt <= now) beginWindow(window, window.endsAt);
  window.telling = window.untold;
  window.untold = 0;
  return [window.telling, window.used, Math.max(0, Math.ceil(window.endsAt - now))];
}
