// The rules of token-bucket.ts as scripts of Redis: one bucket for all replicas, and each change one step.
import type { Script } from '../redis/commands.ts';
import {
  type Bucket,
  LEAST_SHARE,
  RECOVERY_A_PERIOD,
  REFUSALS_COUNT_ONCE_MS,
} from './token-bucket.ts';

/** A bucket that nobody touched for so many periods is full again. */
const KEPT_PERIODS = 20;

/**
 * As `refilled`. One clock counts, that of Redis. A bucket that Redis has lost goes on as the caller knows it.
 * ARGV: requests, period in ms; tokens, thousandths of the share and ms of a pause as known; calls made without Redis.
 * `state` is the reply: what was asked, ms to wait, thousandths of tokens and of the share, ms until a pause is over.
 */
const REFILL = `
local requests, per = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'tokens', 'share', 'pausedUntil', 'at')
local tokens, share = tonumber(held[1] or ARGV[3]), tonumber(held[2] or ARGV[4] / 1000)
local pause, untold = tonumber(ARGV[5]), tonumber(ARGV[6])
local pausedUntil, at = tonumber(held[3] or pause > 0 and now + pause or 0), tonumber(held[4] or now)
local periods = math.max(0, now - math.max(at, pausedUntil)) / per
tokens = math.min(requests, tokens + periods * requests * share)
if held[1] then tokens = math.max(0, tokens - untold) end
share = math.min(1, share + periods * ${RECOVERY_A_PERIOD})
local function keep()
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'share', string.format('%.6f', share),
    'pausedUntil', string.format('%.0f', pausedUntil), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(per * ${KEPT_PERIODS}, pausedUntil - now)))
end
local function state(answer, wait)
  return {answer, math.ceil(wait), math.floor(tokens * 1000), math.floor(share * 1000 + 0.5), pausedUntil - now}
end`;

/** As `take`. ARGV: …, needed tokens. Answers 1 if it is admitted. */
export const TAKE: Script = {
  name: 'c360TakeBudget',
  keyCount: 1,
  lua: `${REFILL}
local missing = math.max(0, tonumber(ARGV[7]) - tokens)
local wait = math.max(0, pausedUntil - now) + missing * per / (requests * share)
if wait > 0 then
  if untold > 0 then keep() end
  return state(0, wait)
end
tokens = tokens - 1
keep()
return state(1, 0)`,
};

/**
 * Tells of calls made without Redis, and, as `slowed`, of a refusal; hears what others have done. ARGV: …, ms until the
 * vendor may be asked again, or 0 if it has not refused. Answers 1 if that lowered the rate.
 */
export const TELL: Script = {
  name: 'c360TellBudget',
  keyCount: 1,
  isForOthers: true,
  lua: `${REFILL}
local refusal, lowered = tonumber(ARGV[7]), 0
if refusal > 0 then
  if pausedUntil <= now - ${REFUSALS_COUNT_ONCE_MS} then
    share = math.max(${LEAST_SHARE}, share / 2)
    lowered = 1
  end
  pausedUntil = math.max(pausedUntil, now + refusal)
  tokens = math.min(tokens, 1)
end
if untold > 0 or refusal > 0 then keep() end
return state(lowered, 0)`,
};

/** What both scripts reply. */
export interface Told {
  readonly isSo: boolean;
  readonly waitMs: number;
  readonly tokens: number;
  readonly share: number;
  /** Until the pause is over; negative, if it is. */
  readonly pauseMs: number;
}

type Reply = readonly [
  answer: number,
  waitMs: number,
  thousandthsOfTokens: number,
  thousandthsOfShare: number,
  pauseMs: number,
];

/** Reads a reply. */
export function readReply(reply: unknown): Told {
  const [answer, waitMs, tokens, share, pauseMs] = reply as Reply;
  return { isSo: answer === 1, waitMs, tokens: tokens / 1000, share: share / 1000, pauseMs };
}

/** What both scripts are told of a bucket as it is known here, at this very instant. */
export function knownArguments({ tokens, share, pausedUntil, at }: Bucket): readonly number[] {
  return [tokens, Math.round(share * 1000), Math.max(0, Math.ceil(pausedUntil - at))];
}
