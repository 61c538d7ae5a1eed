// Quotas while processes do not know of each other, for want of Redis: each admits its share.
import type { QuotaUse } from '../domain/quota.ts';
import { beginWindow, type QuotaWindow, usedIn } from './quota-window.ts';
import { shareOf } from './replicas.ts';

interface AskedAlone {
  readonly cost: number;
  /** Redis may have counted it all the same. */
  readonly isTold: boolean;
  /** How many processes there are. */
  readonly replicas: number;
  /** In milliseconds that only grow. */
  readonly now: number;
}

/**
 * Counts if it fits the share: of a window that Redis began, this process's part of what is left of it; then in each
 * window its part of the whole. What is more than a share is admitted by one that is whole, and the next ones pay.
 */
export function takeAlone(window: QuotaWindow, asked: AskedAlone): QuotaUse {
  const { cost, isTold, replicas, now } = asked;
  const { requests, perMs } = window.allowance;
  const share = shareOf(window.allowance, replicas).requests;
  if (window.endsAt <= now) beginAlone(window, share, now);
  const left = keepToShare(window, replicas);
  // Who asks for more than itself has taken one before.
  const needed = cost > 1 ? Math.min(cost, share - 1) : cost;
  const missing = needed - left;
  const admitted = missing <= 0 && usedIn(window) + cost <= requests;
  if (admitted) {
    window.ownLeft = Math.min(share, left - cost);
    if (isTold) window.used = Math.max(0, window.used + cost);
    else window.untold += cost;
  }
  const windowsToWait = missing > 0 ? Math.ceil(missing / share) - 1 : 0;
  return {
    admitted,
    // As if the others had used all but what is left here.
    used: requests - Math.max(0, window.ownLeft ?? 0),
    resetMs: window.endsAt - now + windowsToWait * perMs,
  };
}

/** From now on this process admits no more than its share of what is left; returns how much of that is left. */
export function keepToShare(window: QuotaWindow, replicas: number): number {
  const rest = (window.allowance.requests - usedIn(window)) / replicas;
  const share = shareOf(window.allowance, replicas).requests;
  window.ownLeft ??= Math.max(0, Math.min(share, Math.floor(rest)));
  return window.ownLeft;
}

/** Begins a window that pays for what was admitted beyond the share, as far as those without a request have not. */
function beginAlone(window: QuotaWindow, share: number, now: number): void {
  const { ownLeft, endsAt, allowance } = window;
  const unused = Math.floor((now - endsAt) / allowance.perMs);
  const debt = ownLeft === null || ownLeft >= 0 ? 0 : Math.max(0, -ownLeft - unused * share);
  beginWindow(window, now + allowance.perMs);
  window.ownLeft = share - debt;
}
