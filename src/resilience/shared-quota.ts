// Quotas of all replicas together: counted in each process, and synchronized through Redis; by shares while it fails.
import { LRUCache } from 'lru-cache';
import type { QuotaCounter, QuotaUse } from '../domain/quota.ts';
import type { Allowance } from '../domain/tenant.ts';
import { mayBeDone, type RedisCommands } from '../redis/commands.ts';
import type { AloneWatch } from './alone-watch.ts';
import { keepToShare, takeAlone } from './quota-alone.ts';
import { COUNT_QUOTA } from './quota-script.ts';
import {
  beginTelling,
  mostUntold,
  newWindow,
  type QuotaWindow,
  usedIn,
  type Waiting,
} from './quota-window.ts';
import type { Replicas } from './replicas.ts';

interface SharedQuotaOptions {
  readonly redis: Pick<RedisCommands, 'defineScript'>;
  /** Makes the key of a name, without personal data. */
  readonly keyOf: (name: string) => string;
  readonly replicas: Pick<Replicas, 'count' | 'isReturning' | 'onBeat'>;
  /** Told of each call that Redis did not answer. */
  readonly onFailure: () => void;
  readonly watch: AloneWatch;
  /** Milliseconds that only grow. */
  readonly ticks?: () => number;
  /** Runs something once, later; must not keep the process from ending. */
  readonly later?: (run: () => void, delayMs: number) => void;
}

const MAX_NAMES = 10_000;
/** So long after a request at the latest Redis is told of it, with all that were counted meanwhile. */
const SYNC_MS = 100;
/** What one call asks for at most; Redis does nothing else meanwhile. */
const MOST_AT_ONCE = 1_000;

/** Creates a counter over a connected client. */
export function createSharedQuota(options: SharedQuotaOptions): QuotaCounter {
  const { redis, keyOf, replicas, onFailure, watch } = options;
  const { ticks = () => performance.now() } = options;
  const { later = (run, delayMs) => void setTimeout(run, delayMs).unref() } = options;
  const runCount = redis.defineScript(COUNT_QUOTA);
  const windows = new LRUCache<string, QuotaWindow>({ max: MAX_NAMES });
  /** Those that were asked for since Redis was told. */
  const unsynced = new Set<QuotaWindow>();
  let isSyncPlanned = false;

  const windowOf = (name: string, allowance: Allowance): QuotaWindow => {
    const known = windows.get(name);
    if (known !== undefined) return known;
    const window = newWindow(keyOf(name), allowance);
    windows.set(name, window);
    return window;
  };

  const noteUnsynced = (window: QuotaWindow): void => {
    unsynced.add(window);
    if (isSyncPlanned) return;
    isSyncPlanned = true;
    later(() => {
      isSyncPlanned = false;
      syncAll();
    }, SYNC_MS);
  };

  const syncAll = () => {
    for (const window of unsynced) {
      if (window.isAsking) noteUnsynced(window);
      else void exchange(window);
    }
  };

  const countAlone = (window: QuotaWindow, cost: number, isTold = false): QuotaUse =>
    takeAlone(window, { cost, isTold, replicas: replicas.count(), now: ticks() });

  /** Decides what can be decided without asking Redis; else null. */
  const decide = (window: QuotaWindow, cost: number): QuotaUse | null => {
    const now = ticks();
    // Redis may not know yet what others have admitted without it.
    if (window.ownLeft !== null || replicas.isReturning(window.failedAt)) {
      noteUnsynced(window);
      return countAlone(window, cost);
    }
    if (cost < 0 || window.endsAt <= now) return null;
    const untold = window.untold + window.telling + cost;
    const admitted = usedIn(window) + cost <= window.allowance.requests;
    if (admitted && untold > mostUntold(window, replicas.count())) return null;
    if (admitted) window.untold += cost;
    // Also what is refused: Redis may have lost a window that is used up.
    noteUnsynced(window);
    return { admitted, used: usedIn(window), resetMs: window.endsAt - now };
  };

  const ask = (window: QuotaWindow, cost: number): Promise<QuotaUse> =>
    new Promise((resolve) => {
      window.waiting.push({ cost, resolve });
      if (!window.isAsking) void exchange(window);
    });

  /** Tells Redis what it does not know, and asks for those who wait. Never rejects. */
  const exchange = async (window: QuotaWindow): Promise<void> => {
    unsynced.delete(window);
    window.isAsking = true;
    const asked = window.waiting.splice(0, MOST_AT_ONCE);
    try {
      await call(window, asked);
      // While others may still count alone, this goes on until each has told.
      if (replicas.isReturning(window.failedAt)) unsynced.add(window);
      else window.ownLeft = null;
      watch.noteShared();
    } catch (error) {
      onFailure();
      watch.noteAlone();
      window.failedAt = ticks();
      keepToShare(window, replicas.count());
      for (const { cost, resolve } of asked) resolve(countAlone(window, cost, mayBeDone(error)));
      unsynced.add(window);
    }
    window.isAsking = false;
    goOn(window);
  };

  const call = async (window: QuotaWindow, asked: readonly Waiting[]): Promise<void> => {
    const sentAt = ticks();
    const { requests, perMs } = window.allowance;
    const told = beginTelling(window, sentAt);
    const costs = asked.map(({ cost }) => cost);
    try {
      const reply = await runCount(window.key, requests, perMs, ...told, ...costs);
      const [leftMs = 0, usedByAll = 0, ...counted] = reply as number[];
      window.used = usedByAll;
      window.endsAt = sentAt + leftMs;
      for (const [index, { resolve }] of asked.entries()) {
        const [admitted, used = 0] = counted.slice(2 * index, 2 * index + 2);
        resolve({ admitted: admitted === 1, used, resetMs: leftMs || perMs });
      }
    } catch (error) {
      // Twice would be worse than not at all: what is late may come time and again.
      if (mayBeDone(error)) window.used += window.telling;
      else window.untold += window.telling;
      throw error;
    } finally {
      window.telling = 0;
    }
  };

  /** Those who came during a call may need none of their own. */
  const goOn = (window: QuotaWindow): void => {
    for (const waiting of window.waiting.splice(0)) {
      const use = decide(window, waiting.cost);
      if (use === null) window.waiting.push(waiting);
      else waiting.resolve(use);
    }
    if (window.waiting.length > 0) void exchange(window);
  };

  // The others need not wait for what is asked for next.
  replicas.onBeat(syncAll);

  return {
    take(name, cost, allowance) {
      const window = windowOf(name, allowance);
      return decide(window, cost) ?? ask(window, cost);
    },
  };
}
