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
 * As `refilled`. One clock counts, that of Redis; where it was set back, a pause ends after the same time all the same.
 * A bucket that Redis has lost goes on as the caller knows it, also where somebody who knew less has made it anew: then
 * it is of another birth. ARGV: requests, period in ms; tokens, thousandths of the share, ms of a pause, and birth as
 * known; calls made without Redis. `state` is the reply: what was asked, ms to wait, thousandths of tokens and of the
 * share, ms until a pause is over, birth.
 */
const REFILL = `
local requests, per = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tokens, share, pause = tonumber(ARGV[3]), tonumber(ARGV[4]) / 1000, tonumber(ARGV[5])
local birth, untold = tonumber(ARGV[6]), tonumber(ARGV[7])
local pausedUntil, hasChanged = pause > 0 and now + pause or 0, true
local held = redis.call('HMGET', KEYS[1], 'tokens', 'share', 'pausedUntil', 'at', 'birth')
if held[1] then
  local ahead = math.max(0, tonumber(held[4]) - now)
  local heldUntil = tonumber(held[3]) - ahead
  local periods = math.max(0, now - math.max(tonumber(held[4]), heldUntil)) / per
  local filled = math.min(requests, tonumber(held[1]) + periods * requests * held[2])
  local recovered = math.min(1, held[2] + periods * ${RECOVERY_A_PERIOD})
  local isOther = birth > 0 and birth ~= tonumber(held[5])
  hasChanged = ahead > 0 or untold > 0 or isOther
  tokens = math.max(0, (isOther and math.min(filled, tokens) or filled) - untold)
  share = isOther and math.min(recovered, share) or recovered
  pausedUntil = isOther and math.max(heldUntil, pausedUntil) or heldUntil
end
birth = tonumber(held[5] or now)
local function keep()
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'share', string.format('%.6f', share),
    'pausedUntil', string.format('%.0f', pausedUntil), 'at', string.format('%.0f', now),
    'birth', string.format('%.0f', birth))
  redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(per * ${KEPT_PERIODS}, pausedUntil - now)))
end
local function state(answer, wait)
  return {answer, math.ceil(wait), math.floor(tokens * 1000), math.floor(share * 1000 + 0.5), pausedUntil - now,
    birth}
end`;

/** As `take`. ARGV: …, needed tokens. Answers 1 if it is admitted. */
export const TAKE: Script = {
  name: 'c360TakeBudget',
  keyCount: 1,
  lua: `${REFILL}
local missing = math.max(0, tonumber(ARGV[8]) - tokens)
local wait = math.max(0, pausedUntil - now) + missing * per / (requests * share)
if wait > 0 then
  if hasChanged then keep() end
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
local refusal, lowered = tonumber(ARGV[8]), 0
if refusal > 0 then
  if pausedUntil <= now - ${REFUSALS_COUNT_ONCE_MS} then
    share = math.max(${LEAST_SHARE}, share / 2)
    lowered = 1
  end
  pausedUntil = math.max(pausedUntil, now + refusal)
  tokens = math.min(tokens, 1)
end
if hasChanged or refusal > 0 then keep() end
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
  /** When this bucket was made, which tells it from one that Redis has lost; in Unix milliseconds. */
  readonly birth: number;
}

type Reply = readonly [
  answer: number,
  waitMs: number,
  thousandthsOfTokens: number,
  thousandthsOfShare: number,
  pauseMs: number,
  birth: number,
];

/** Reads a reply. */
export function readReply(reply: unknown): Told {
  const [answer, waitMs, tokens, share, pauseMs, birth] = reply as Reply;
  return { isSo: answer === 1, waitMs, tokens: tokens / 1000, share: share / 1000, pauseMs, birth };
}

/** What both scripts are told of a bucket as it is known here, at this very instant; its birth is 0 if it is unknown. */
export function knownArguments(bucket: Bucket, birth: number): readonly number[] {
  const { tokens, share, pausedUntil, at } = bucket;
  return [tokens, Math.round(share * 1000), Math.max(0, Math.ceil(pausedUntil - at)), birth];
}
