// Quotas counted in this process alone.
import { LRUCache } from 'lru-cache';
import type { QuotaCounter, QuotaUse } from '../domain/quota.ts';
import type { Allowance } from '../domain/tenant.ts';
import { takeAlone } from './quota-alone.ts';
import { newWindow, type QuotaWindow } from './quota-window.ts';

interface LocalQuotaOptions {
  /** So many processes serve the same callers, and do not know of each other: this one admits its part. */
  readonly processes: number;
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
}

const MAX_NAMES = 10_000;

/** Creates a counter with fixed windows that begin with the first counted request. */
export function createLocalQuota({ processes, ticks }: LocalQuotaOptions): QuotaCounter {
  const windows = new LRUCache<string, QuotaWindow>({ max: MAX_NAMES });
  const windowOf = (name: string, allowance: Allowance): QuotaWindow => {
    const known = windows.get(name);
    if (known !== undefined) return known;
    const window = newWindow(name, allowance);
    windows.set(name, window);
    return window;
  };
  return {
    take(name, cost, allowance): QuotaUse {
      const asked = { cost, isTold: true, replicas: processes, now: ticks() };
      return takeAlone(windowOf(name, allowance), asked);
    },
  };
}
