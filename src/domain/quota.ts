// Quotas: how often an app may ask, in windows that begin with the first counted request.
import type { Allowance } from './tenant.ts';

/** How much of a window is used. */
export interface QuotaUse {
  /** False if the cost did not fit; then nothing was counted. */
  readonly admitted: boolean;
  /** Requests counted in the present window. */
  readonly used: number;
  /** Milliseconds until the window ends. */
  readonly resetMs: number;
}

/** Counts requests against allowances. Never rejects. */
export interface QuotaCounter {
  /**
   * Counts `cost` requests under a name if they fit, and tells how much is used; at once where it can.
   * A negative cost gives back what the same request has taken; it never makes the use less than nothing.
   */
  take(name: string, cost: number, allowance: Allowance): QuotaUse | Promise<QuotaUse>;
}
