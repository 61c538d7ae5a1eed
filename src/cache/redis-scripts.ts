// What Redis does in one step for the cache. All keys of a script belong to one identity, so to one Cluster slot.

import type { CacheKind } from '../domain/cache-key.ts';
import type { Script } from '../redis/commands.ts';
import { MAX_ENTRIES } from './store.ts';

/** The field of an identity's hash that holds its generation; no other field has such a name. */
export const GENERATION = 'generation';

/** The kinds of what is kept, each of which has an index, in the order in which scripts are told of them. */
export const KINDS = Object.keys(MAX_ENTRIES) as readonly CacheKind[];

/** A user without the right to publish is no reason to lose what is to be stored: messages only save time. */
const HELPERS = `
local function tell(channel, message) redis.pcall('PUBLISH', channel, message) end
local function generationOf(hash) return redis.call('HGET', hash, '${GENERATION}') or '0' end
local function hold(lease, token) return redis.call('GET', lease) == token end
`;

/** Generation and header of a frame. KEYS: hash. ARGV: field, bytes of a header. */
export const HEAD: Script = {
  name: 'c360Head',
  keyCount: 1,
  lua: `${HELPERS}
local frame = redis.call('HGET', KEYS[1], ARGV[1])
return {generationOf(KEYS[1]), frame and string.sub(frame, 1, tonumber(ARGV[2]))}`,
};

/**
 * Takes the lease of a field, unless it is held, or the field is no longer what the caller has seen.
 * KEYS: hash, lease. ARGV: field, header seen (or nothing), token, ms.
 * Returns 'filled', generation, frame; or 'held', ms left; or 'taken', generation.
 */
export const TAKE: Script = {
  name: 'c360Take',
  keyCount: 2,
  lua: `${HELPERS}
local frame, seen = redis.call('HGET', KEYS[1], ARGV[1]), ARGV[2]
if frame and frame ~= '' and (seen == '' or string.sub(frame, 1, #seen) ~= seen) then
  return {'filled', generationOf(KEYS[1]), frame}
end
if redis.call('SET', KEYS[2], ARGV[3], 'NX', 'PX', ARGV[4]) then
  return {'taken', generationOf(KEYS[1])}
end
return {'held', redis.call('PTTL', KEYS[2])}`,
};

/** Lengthens a lease that is still ours. KEYS: lease. ARGV: token, ms. Returns 1, or 0 if it is not. */
export const RENEW: Script = {
  name: 'c360Renew',
  keyCount: 1,
  lua: `${HELPERS}
if not hold(KEYS[1], ARGV[1]) then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
};

/** Ends a lease that is still ours, and tells. KEYS: lease. ARGV: token, channel, message. */
export const RELEASE: Script = {
  name: 'c360Release',
  keyCount: 1,
  isForOthers: true,
  lua: `${HELPERS}
if not hold(KEYS[1], ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1])
tell(ARGV[2], ARGV[3])
return 1`,
};

/**
 * Keeps a frame in a field, or drops the field where there is no frame, if the generation is still the one given and
 * the lease ours (no token: none is needed). Drops fields of the kind that have ended or are too many. Hash and
 * indexes end with the last field of all. Where Redis has evicted one of them, the others could not be pruned any
 * more: all begin anew.
 * KEYS: hash, lease, the index of the kind, all indexes.
 * ARGV: field, frame, generation, token, now, deleteAt, the most fields, channel, message.
 * Returns 'stored', 'lost' or 'erased'.
 */
export const FILL: Script = {
  name: 'c360Fill',
  keyCount: 3 + KINDS.length,
  lua: `${HELPERS}
local hash, lease, index = KEYS[1], KEYS[2], KEYS[3]
local indexes = {unpack(KEYS, 4)}
local field, frame, generation, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now, deleteAt, most = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
if token ~= '' then
  if not hold(lease, token) then return 'lost' end
  redis.call('DEL', lease)
end
if token ~= '' or redis.call('HEXISTS', hash, field) == 1 then tell(ARGV[8], ARGV[9]) end
if generationOf(hash) ~= generation then return 'erased' end
local left = redis.call('PTTL', hash)
local indexed = redis.call('HEXISTS', hash, '${GENERATION}')
for _, each in ipairs(indexes) do indexed = indexed + redis.call('ZCARD', each) end
if indexed ~= redis.call('HLEN', hash) then
  redis.call('DEL', hash, unpack(indexes))
  if generation ~= '0' then redis.call('HSET', hash, '${GENERATION}', generation) end
end
redis.call('ZREM', index, field)
redis.call('HDEL', hash, field)
local ended = redis.call('ZCOUNT', index, '-inf', now)
local excess = redis.call('ZCARD', index) + 1 - most
local gone = math.max(ended, excess)
if gone > 0 then
  for _, name in ipairs(redis.call('ZRANGE', index, 0, gone - 1)) do
    redis.call('HDEL', hash, name)
    redis.call('ZREM', index, name)
  end
end
if frame ~= '' then
  redis.call('HSET', hash, field, frame)
  redis.call('ZADD', index, ARGV[6], field)
end
local remains = math.max(left, deleteAt - now)
redis.call('PEXPIRE', hash, remains)
for _, each in ipairs(indexes) do redis.call('PEXPIRE', each, remains) end
return 'stored'`,
};

/**
 * Removes all that is held about an identity, raises its generation and tells. The generation stays for as long as
 * any process may remember something older; it only grows, also over its own end.
 * KEYS: hash, all indexes. ARGV: ms to keep it, channel, the message without the generation. Returns it.
 */
export const ERASE: Script = {
  name: 'c360Erase',
  keyCount: 1 + KINDS.length,
  isForOthers: true,
  lua: `${HELPERS}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local generation = math.max(now, tonumber(generationOf(KEYS[1])) + 1)
redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], '${GENERATION}', string.format('%.0f', generation))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
tell(ARGV[2], ARGV[3] .. string.format('%.0f', generation))
return generation`,
};
