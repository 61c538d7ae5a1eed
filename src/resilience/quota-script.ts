// What Redis does with the window of a quota.
import type { Script } from '../redis/commands.ts';

/**
 * Counts what was admitted without asking, in any case, and then each cost that fits, in their order. A window that
 * Redis has lost goes on as the caller knows it, also where somebody who knew less has begun it anew; and one of a
 * longer length ends when the present one would.
 * KEYS: the window. ARGV: requests, window in ms, admitted already, used and ms left as known, costs. Returns ms left,
 * 0 if nothing is used, and used; then for each cost whether it was admitted, and what was used after it.
 */
export const COUNT_QUOTA: Script = {
  name: 'c360CountQuota',
  keyCount: 1,
  lua: `
local requests, per, already = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known, rest = tonumber(ARGV[4]), tonumber(ARGV[5])
local left = redis.call('PTTL', KEYS[1])
local used = left > 0 and tonumber(redis.call('GET', KEYS[1])) or 0
if left <= 0 then
  used, left = known, rest > 0 and rest or per
elseif known > used then
  used, left = known, math.min(left, rest)
end
left = math.min(left, per)
used = math.max(0, used + already)
local reply = {0, 0}
for i = 6, #ARGV do
  local total = math.max(0, used + tonumber(ARGV[i]))
  local fits = total <= requests
  if fits then used = total end
  reply[#reply + 1] = fits and 1 or 0
  reply[#reply + 1] = used
end
if used > 0 then
  redis.call('SET', KEYS[1], used, 'PX', left)
  reply[1], reply[2] = left, used
else
  redis.call('DEL', KEYS[1])
end
return reply`,
};
