// Budgets for calls to the vendor, of all replicas together: token buckets in Redis, each call one script.

import type { Allowance } from '../domain/tenant.ts';
import { mayBeDone, type RedisCommands, type Script } from '../redis/commands.ts';
import type { AloneWatch } from './alone-watch.ts';
import { createBudgetMirror } from './budget-mirror.ts';
import type { Budgets, LocalBudgets } from './local-budget.ts';
import { type Replicas, shareOf } from './replicas.ts';
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
  readonly fallback: LocalBudgets;
  readonly replicas: Pick<Replicas, 'count' | 'isReturning' | 'onBeat'>;
  readonly watch: AloneWatch;
  /** Told of each count that Redis did not take. */
  readonly onFailure: () => void;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
}

/** A bucket that nobody touched for so many periods is full again. */
const KEPT_PERIODS = 20;

/**
 * As `refilled` in token-bucket.ts. One clock counts, that of Redis. A bucket that Redis has lost goes on as the caller
 * knows it. ARGV: requests, period in ms, tokens and ms of a pause as known, calls made without Redis.
 */
const REFILL = `
local requests, per = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'tokens', 'share', 'pausedUntil', 'at')
local tokens, share = tonumber(held[1] or ARGV[3]), tonumber(held[2] or 1)
local pause = tonumber(ARGV[4])
local pausedUntil, at = tonumber(held[3] or pause > 0 and now + pause or 0), tonumber(held[4] or now)
local periods = math.max(0, now - at) / per
tokens = math.min(requests, tokens + periods * requests * share)
if held[1] then tokens = math.max(0, tokens - tonumber(ARGV[5])) end
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
local wait = math.max(pausedUntil - now, (tonumber(ARGV[6]) - tokens) * per / (requests * share))
if wait > 0 then
  if tonumber(ARGV[5]) > 0 then keep() end
  return {0, math.ceil(wait), math.floor(tokens)}
end
tokens = tokens - 1
keep()
return {1, 0, math.floor(tokens)}`,
};

/** Tells of calls made without Redis. Returns what is left. */
const TELL: Script = {
  name: 'c360TellBudget',
  keyCount: 1,
  isForOthers: true,
  lua: `${REFILL}
keep()
return math.floor(tokens)`,
};

/** As `slowed`. ARGV: …, ms until the vendor may be asked again. */
const SLOW: Script = {
  name: 'c360SlowBudget',
  keyCount: 1,
  isForOthers: true,
  lua: `${REFILL}
if pausedUntil <= now - ${REFUSALS_COUNT_ONCE_MS} then share = math.max(${LEAST_SHARE}, share / 2) end
pausedUntil = math.max(pausedUntil, now + tonumber(ARGV[6]))
tokens = 0
keep()
return 1`,
};

/** Creates budgets over a connected client. */
export function createSharedBudgets(options: SharedBudgetsOptions): Budgets {
  const { redis, keyOf, fallback, replicas, watch, onFailure, now } = options;
  const runTake = redis.defineScript(TAKE);
  const runTell = redis.defineScript(TELL);
  const runSlow = redis.defineScript(SLOW);
  const mirror = createBudgetMirror(now);
  /** The names that were counted without Redis last. */
  const alone = new Map<string, Allowance>();

  const takeOwn: Budgets['take'] = (name, allowance, priority) => {
    const share = shareOf(allowance, replicas.count());
    const most = mirror.leaveShared(name, allowance);
    if (most !== null) fallback.cap(name, share, most / replicas.count());
    return fallback.take(name, share, priority);
  };

  /** Runs a script with what is known here, and tells what was done without Redis. */
  const run = async (
    script: typeof runTake,
    { name, allowance }: { readonly name: string; readonly allowance: Allowance },
    ...args: readonly number[]
  ) => {
    const { requests, perMs } = allowance;
    const { tokens, pauseMs } = mirror.known(name, allowance);
    const untold = mirror.tellAlone(name);
    try {
      return await script(keyOf(name), requests, perMs, tokens, pauseMs, untold, ...args);
    } catch (error) {
      if (!mayBeDone(error)) mirror.untell(name, untold);
      throw error;
    }
  };

  const tell = async (name: string, allowance: Allowance) => {
    const left = await run(runTell, { name, allowance });
    alone.delete(name);
    mirror.noteShared(name, allowance, left as number);
  };

  // The others need not wait for the next call.
  replicas.onBeat(() => {
    for (const [name, allowance] of alone) tell(name, allowance).catch(() => undefined);
  });

  return {
    async take(name, allowance, priority) {
      // Redis may not know what others have done without it: what it admits has to fit the share, too.
      const own = replicas.isReturning() ? await takeOwn(name, allowance, priority) : null;
      if (own !== null && !own.isAdmitted) return own;
      try {
        const reply = await run(runTake, { name, allowance }, neededTokens(allowance, priority));
        const [admitted, waitMs, left] = reply as [number, number, number];
        watch.noteShared();
        alone.delete(name);
        mirror.noteShared(name, allowance, left);
        return { isAdmitted: admitted === 1, waitMs, left };
      } catch {
        onFailure();
        watch.noteAlone();
        alone.set(name, allowance);
        const taken = own ?? (await takeOwn(name, allowance, priority));
        if (taken.isAdmitted) mirror.noteAlone(name, allowance);
        return taken;
      }
    },
    slow(name, allowance, retryAfterMs) {
      // Also here, in case Redis fails before the pause is over, or forgets it.
      fallback.slow(name, shareOf(allowance, replicas.count()), retryAfterMs);
      mirror.noteSlow(name, allowance, retryAfterMs);
      const { requests, perMs } = allowance;
      const known = [requests, perMs, 0, 0, 0] as const;
      runSlow(keyOf(name), ...known, Math.ceil(retryAfterMs)).catch(onFailure);
    },
    left: (name, allowance) =>
      alone.has(name)
        ? fallback.left(name, shareOf(allowance, replicas.count()))
        : mirror.left(name, allowance),
  };
}
