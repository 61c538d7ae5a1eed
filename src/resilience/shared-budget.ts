// Budgets for calls to the vendor, of all replicas together: token buckets in Redis, each call one script.
import type { Allowance } from '../domain/tenant.ts';
import type { AloneWatch } from './alone-watch.ts';
import type { Budgets } from './local-budget.ts';
import type { RedisCommands, Script } from './redis-commands.ts';
import { shareOf } from './replicas.ts';
import {
  LEAST_SHARE,
  neededTokens,
  RECOVERY_A_PERIOD,
  REFUSALS_COUNT_ONCE_MS,
} from './token-bucket.ts';

interface SharedBudgetsOptions {
  readonly redis: RedisCommands;
  /** Makes the key of a name. */
  readonly keyOf: (name: string) => string;
  /** Counts while Redis fails, by shares. */
  readonly fallback: Budgets;
  /** How many processes there are. */
  readonly replicas: () => number;
  readonly watch: AloneWatch;
  /** Told of each count that Redis did not take. */
  readonly onFailure: () => void;
}

/** A bucket that nobody touched for so many periods is full again. */
const KEPT_PERIODS = 20;

/** As `refilled` in token-bucket.ts. One clock counts, that of Redis. ARGV: requests, period in ms. */
const REFILL = `
local requests, per = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'tokens', 'share', 'pausedUntil', 'at')
local tokens, share = tonumber(held[1] or requests), tonumber(held[2] or 1)
local pausedUntil, at = tonumber(held[3] or 0), tonumber(held[4] or now)
local periods = math.max(0, now - at) / per
tokens = math.min(requests, tokens + periods * requests * share)
share = math.min(1, share + periods * ${RECOVERY_A_PERIOD})
local function keep()
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'share', string.format('%.6f', share),
    'pausedUntil', string.format('%.0f', pausedUntil), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(per * ${KEPT_PERIODS}, pausedUntil - now)))
end`;

/** As `take`. ARGV: …, needed tokens. Returns admitted, ms to wait, left. */
const TAKE: Script = {
  name: 'c360TakeBudget',
  keyCount: 1,
  lua: `${REFILL}
local wait = math.max(pausedUntil - now, (tonumber(ARGV[3]) - tokens) * per / (requests * share))
if wait > 0 then return {0, math.ceil(wait), math.floor(tokens)} end
tokens = tokens - 1
keep()
return {1, 0, math.floor(tokens)}`,
};

/** As `slowed`. ARGV: …, ms until the vendor may be asked again. */
const SLOW: Script = {
  name: 'c360SlowBudget',
  keyCount: 1,
  isForOthers: true,
  lua: `${REFILL}
if pausedUntil <= now - ${REFUSALS_COUNT_ONCE_MS} then share = math.max(${LEAST_SHARE}, share / 2) end
pausedUntil = math.max(pausedUntil, now + tonumber(ARGV[3]))
tokens = 0
keep()
return 1`,
};

/** Creates budgets over a connected client. */
export function createSharedBudgets(options: SharedBudgetsOptions): Budgets {
  const { redis, keyOf, fallback, replicas, onFailure, watch } = options;
  const runTake = redis.defineScript(TAKE);
  const runSlow = redis.defineScript(SLOW);
  const argumentsOf = (name: string, { requests, perMs }: Allowance) =>
    [keyOf(name), requests, perMs] as const;
  return {
    async take(name, allowance, priority) {
      try {
        const needed = neededTokens(allowance, priority);
        const reply = await runTake(...argumentsOf(name, allowance), needed);
        watch.noteShared();
        const [admitted, waitMs, left] = reply as [number, number, number];
        return { isAdmitted: admitted === 1, waitMs, left };
      } catch {
        onFailure();
        watch.noteAlone();
        return fallback.take(name, shareOf(allowance, replicas()), priority);
      }
    },
    slow(name, allowance, retryAfterMs) {
      // Also here, in case Redis fails before the pause is over.
      fallback.slow(name, shareOf(allowance, replicas()), retryAfterMs);
      runSlow(...argumentsOf(name, allowance), Math.ceil(retryAfterMs)).catch(onFailure);
    },
  };
}
