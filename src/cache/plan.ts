// What to do with a kept answer: the one place that decides by age. Pure.
import { freshness, type Instants } from '../domain/freshness.ts';

/**
 * Answer with it; answer, and fetch it anew behind the caller's back; answer as if fetching had failed, which it has
 * a moment ago; or fetch.
 */
export type Plan = 'answer' | 'answer-and-refresh' | 'answer-as-failed' | 'fetch';

/** A kept answer as far as the decision looks at it. */
export interface Aged {
  readonly instants: Instants;
  /** Not to be fetched anew before, after a failure; in Unix milliseconds. */
  readonly retryAt: number;
}

/** What the asker wants. */
export interface Wish {
  /** Something newer than what is kept. */
  readonly refresh: boolean;
  /** Only what is fresh will do, and else it is fetched: behind a caller's back, or while one waits. */
  readonly isBackground?: boolean;
}

/** The plan for a kept answer at `now` (RFC 5861). */
export function planFor({ instants, retryAt }: Aged, wish: Wish, now: number): Plan {
  const state = freshness(instants, now);
  if (state === 'expired') return 'fetch';
  const isBackingOff = now < retryAt;
  const mayBeStale = state === 'stale-while-revalidate' && !wish.isBackground;
  if (wish.refresh || !(state === 'fresh' || mayBeStale)) {
    return isBackingOff ? 'answer-as-failed' : 'fetch';
  }
  return state === 'fresh' || isBackingOff ? 'answer' : 'answer-and-refresh';
}
