// Quotas counted in this process alone.
import { LRUCache } from 'lru-cache';
import type { QuotaCounter } from '../domain/quota.ts';

interface Window {
  used: number;
  readonly endsAt: number;
}

const MAX_NAMES = 10_000;

/** Creates a counter with fixed windows that begin with the first counted request. */
export function createLocalQuota(now: () => number): QuotaCounter {
  const windows = new LRUCache<string, Window>({ max: MAX_NAMES });
  return {
    take(name, cost, { requests, perMs }) {
      const at = now();
      const held = windows.get(name);
      const window = held && held.endsAt > at ? held : { used: 0, endsAt: at + perMs };
      const admitted = window.used + cost <= requests;
      if (admitted) {
        window.used = Math.max(0, window.used + cost);
        windows.set(name, window);
      }
      return { admitted, used: window.used, resetMs: window.endsAt - at };
    },
  };
}
