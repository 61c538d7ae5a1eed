// Quotas counted in Redis, for all replicas together; in this process alone while Redis fails.
import type { QuotaCounter } from '../domain/quota.ts';
import type { RedisCommands } from './redis-commands.ts';

interface SharedQuotaOptions {
  readonly redis: RedisCommands;
  /** Makes the key of a name, without personal data. */
  readonly keyOf: (name: string) => string;
  readonly fallback: QuotaCounter;
  /** Told of each count that Redis did not take. */
  readonly onFailure: () => void;
}

/**
 * Counts if it fits; a window without an end is none. KEYS: the window. ARGV: cost, requests, window in ms.
 * Returns admitted, used, ms left.
 */
const TAKE = `
local cost, requests, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local left = redis.call('PTTL', KEYS[1])
local used = left > 0 and tonumber(redis.call('GET', KEYS[1])) or 0
if left <= 0 then left = per end
local total = math.max(0, used + cost)
if total > requests then return {0, used, left} end
if total > 0 then redis.call('SET', KEYS[1], total, 'PX', left) end
return {1, total, left}`;

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
