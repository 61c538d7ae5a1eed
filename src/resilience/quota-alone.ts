// Quotas while Redis fails: each process admits its share, and says later what it has admitted.
import type { QuotaUse } from '../domain/quota.ts';
import type { Allowance } from '../domain/tenant.ts';
import type { QuotaWindow } from './quota-window.ts';
import { shareOf } from './replicas.ts';

interface AskedAlone {
  readonly cost: number;
  readonly allowance: Allowance;
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
  const { cost, allowance, now } = asked;
  const share = shareOf(allowance, asked.replicas).requests;
  const known = window.alone;
  const alone = known && known.endsAt > now ? known : beginAlone(window, asked);
  window.alone = alone;
  // Who asks for more than itself has taken one before.
  const needed = cost > 1 ? Math.min(cost, share - 1) : cost;
  const missing = needed - alone.left;
  const admitted = missing <= 0;
  if (admitted) alone.left -= cost;
  const windowsToWait = admitted ? 0 : Math.ceil(missing / share) - 1;
  return {
    admitted,
    // As if the others had used all but what is left here.
    used: allowance.requests - Math.max(0, alone.left),
    resetMs: alone.endsAt - now + windowsToWait * allowance.perMs,
  };
}

function beginAlone(window: QuotaWindow, { allowance, replicas, now }: AskedAlone) {
  const share = shareOf(allowance, replicas);
  const debt = debtOf(window, share, now);
  if (window.endsAt <= now) {
    return { left: share.requests - debt, endsAt: now + share.perMs, untold: 0 };
  }
  const rest = Math.max(0, Math.floor((allowance.requests - window.known) / replicas));
  return { left: Math.min(share.requests, rest) - debt, endsAt: window.endsAt, untold: 0 };
}

/** What was admitted beyond the share, as far as windows without a request have not paid for it. */
function debtOf({ alone }: QuotaWindow, { requests, perMs }: Allowance, now: number): number {
  if (alone === null || alone.left >= 0) return 0;
  const unused = Math.floor((now - alone.endsAt) / perMs);
  return Math.max(0, -alone.left - unused * requests);
}

/** What Redis has not been told of the present window. */
export function untoldIn({ alone }: QuotaWindow, now: number): number {
  return alone && alone.endsAt > now ? alone.untold : 0;
}

/** So much was admitted that Redis has not counted. */
export function noteUntold({ alone }: QuotaWindow, cost: number): void {
  if (alone) alone.untold = Math.max(0, alone.untold + cost);
}

/** Redis has counted so much of it, or may have. */
export function noteTold({ alone }: QuotaWindow, told: number): void {
  if (alone) alone.untold = Math.max(0, alone.untold - told);
}

/** Redis has answered, and knows all: this process is not alone any more. What it was granted is not granted again. */
export function endAlone(window: QuotaWindow): void {
  if (window.alone?.untold === 0) window.alone = null;
}

/** What this process knows of the present window, in case Redis has lost it: what is used, and the milliseconds left. */
export function knownOf({ alone, endsAt, known }: QuotaWindow, now: number): readonly number[] {
  const restMs = Math.ceil(Math.max(endsAt, alone?.endsAt ?? 0) - now);
  return [endsAt > now ? known : 0, Math.max(0, restMs)];
}
