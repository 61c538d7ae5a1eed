// What a process knows of the window of a quota that it shares with others, and what the traffic wants ahead.
import type { Allowance } from '../domain/tenant.ts';

/** What this process knows of the window of one name. */
export interface QuotaWindow {
  readonly key: string;
  /** How many windows there have been: what is held of one counts in it alone. */
  count: number;
  /** Requests that are counted in Redis, and that nobody has made here yet. */
  held: number;
  /** What all replicas have counted, as last heard; what is held included. */
  known: number;
  /** No later than Redis ends it. */
  endsAt: number;
  /** The call under way that takes ahead; brings how many it took, or null if it failed. */
  takingAhead: Promise<number | null> | null;
  /** Whether the last call failed: Redis may count it all the same, so that no more is taken ahead until one succeeds. */
  isFailing: boolean;
  /** Whether somebody looks from time to time if it has become idle. */
  isWatched: boolean;
  /** What was asked for here in the present period, which began then, and in the one before. */
  asked: number;
  askedBefore: number;
  periodAt: number;
  /** Set while Redis fails, and until it knows what was admitted meanwhile. */
  alone: AloneWindow | null;
  /** Whether a call under way tells Redis of that. */
  isTelling: boolean;
}

/** What a process may admit without asking, in a window that ends then, and what it has that Redis does not know of. */
interface AloneWindow {
  left: number;
  readonly endsAt: number;
  untold: number;
}

/** Of what remains, this part at most is taken ahead. */
export const AHEAD_OF_REST = 1 / 20;
/** So much of the traffic is taken ahead of need. */
const AHEAD_MS = 250;

/** A window in which nothing is counted, and which ends at once; `now` in milliseconds that only grow. */
export function newWindow(key: string, now: number): QuotaWindow {
  const nothing = {
    count: 0,
    held: 0,
    known: 0,
    asked: 0,
    askedBefore: 0,
    takingAhead: null,
    isFailing: false,
    isWatched: false,
    alone: null,
    isTelling: false,
  };
  return { key, ...nothing, endsAt: now, periodAt: now };
}

/** The next window of the same name: nothing of the last one counts in it. */
export function beginAnew(window: QuotaWindow): void {
  window.count += 1;
  window.held = 0;
  window.known = 0;
}

/** Counts what is asked for in periods as long as what is taken ahead. */
export function note(window: QuotaWindow, cost: number, now: number): void {
  const elapsed = now - window.periodAt;
  if (elapsed >= AHEAD_MS) {
    window.askedBefore = elapsed < 2 * AHEAD_MS ? window.asked : 0;
    window.asked = 0;
    window.periodAt = now;
  }
  window.asked += Math.max(0, cost);
}

/** As many requests as the present traffic is worth taking ahead. A single one is no traffic. */
export function wantedAhead({ asked, askedBefore }: QuotaWindow): number {
  return Math.max(asked - 1, askedBefore);
}

/** As much as Redis lets be taken ahead, by what is known here. */
export function mostAhead({ known }: QuotaWindow, { requests }: Allowance): number {
  return Math.floor((requests - known) * AHEAD_OF_REST);
}
