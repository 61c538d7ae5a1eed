// Quotas counted in Redis, for all replicas together; in this process alone while Redis fails.
import type { Cluster, Redis } from 'ioredis';
import type { QuotaCounter } from '../domain/quota.ts';

interface SharedQuotaOptions {
  readonly redis: Redis | Cluster;
  /** Makes the key of a name, without personal data. */
  readonly keyOf: (name: string) => string;
  readonly fallback: QuotaCounter;
  /** Told of each count that Redis did not take. */
  readonly onFailure: () => void;
}

/** Counts if it fits. KEYS: the window. ARGV: cost, requests, window in ms. Returns admitted, used, ms left. */
const TAKE = `
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local cost, requests, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local left = redis.call('PTTL', KEYS[1])
if used + cost > requests then return {0, used, left > 0 and left or per} end
if used + cost < 0 then return {1, 0, per} end
redis.call('INCRBY', KEYS[1], cost)
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], per)
  left = per
end
return {1, used + cost, left}`;

/** Creates a counter over a connected client. */
export function createSharedQuota(options: SharedQuotaOptions): QuotaCounter {
  const { redis, keyOf, fallback, onFailure } = options;
  return {
    async take(name, cost, allowance) {
      try {
        const args = [cost, allowance.requests, allowance.perMs];
        const reply = await redis.eval(TAKE, 1, keyOf(name), ...args);
        const [admitted, used, resetMs] = reply as [number, number, number];
        return { admitted: admitted === 1, used, resetMs };
      } catch {
        onFailure();
        return fallback.take(name, cost, allowance);
      }
    },
  };
}
