// The Redis tier: one hash an identity, with an index of when its fields end, both in one Cluster slot.
import type { CacheKind } from '../domain/cache-key.ts';
import { freshness } from '../domain/freshness.ts';
import type { RedisCommands } from '../resilience/redis-commands.ts';
import type { Emit } from '../telemetry/events.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import type { Sealer } from './seal.ts';
import type { Store } from './store.ts';

interface RedisStoreOptions {
  readonly redis: RedisCommands;
  readonly sealer: Sealer;
  readonly maxEntryBytes: number;
  readonly now: () => number;
  readonly emit: Emit;
}

/** An identity holds at most so many fields of a kind; the older ones that end first make room. */
const MAX_FIELDS: Readonly<Record<CacheKind, number>> = { range: 64, joined: 64, summary: 256 };
const KINDS = Object.keys(MAX_FIELDS);

/**
 * Drops fields of a kind that have ended or are too many, and keeps a new one. Hash and indexes end with the last
 * field of all. Where Redis has evicted one of them, the others could not be pruned any more: all begin anew.
 * KEYS: the hash, the index of the kind, all indexes. ARGV: field, frame, now, deleteAt, the most fields.
 */
const WRITE = `
local hash, index = KEYS[1], KEYS[2]
local field, now = ARGV[1], tonumber(ARGV[3])
local indexed = 0
for at = 3, #KEYS do indexed = indexed + redis.call('ZCARD', KEYS[at]) end
if indexed ~= redis.call('HLEN', hash) then redis.call('DEL', unpack(KEYS)) end
redis.call('ZREM', index, field)
local ended = redis.call('ZCOUNT', index, '-inf', now)
local excess = redis.call('ZCARD', index) + 1 - tonumber(ARGV[5])
local gone = math.max(ended, excess)
if gone > 0 then
  for _, name in ipairs(redis.call('ZRANGE', index, 0, gone - 1)) do
    redis.call('HDEL', hash, name)
    redis.call('ZREM', index, name)
  end
end
redis.call('HSET', hash, field, ARGV[2])
redis.call('ZADD', index, ARGV[4], field)
local remains = math.max(redis.call('PTTL', hash), tonumber(ARGV[4]) - now)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, remains) end
return 1`;

/** Drops one field. KEYS: the hash, the index of its kind. ARGV: field. */
const DROP = `
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1`;

/** Creates a store over a connected client. Its verbs reject when Redis fails. */
export function createRedisStore(options: RedisStoreOptions): Store {
  const { redis, sealer, maxEntryBytes, now, emit } = options;
  return {
    async read(key) {
      const frame = await redis.hgetBuffer(key.identity, key.field);
      if (frame === null) return undefined;
      const entry = decodeFrame(key, frame, sealer);
      if (entry === undefined) emit({ type: 'entry-unreadable' });
      return entry && freshness(entry.instants, now()) !== 'expired' ? entry : undefined;
    },
    async write(key, entry) {
      const indexOf = (kind: string) => `${key.identity}:${kind}`;
      if (entry.body.length > maxEntryBytes) {
        await redis.eval(DROP, 2, key.identity, indexOf(key.kind), key.field);
        return false;
      }
      const frame = encodeFrame(key, entry, sealer);
      const keys = [key.identity, indexOf(key.kind), ...KINDS.map(indexOf)];
      const at = Math.floor(now());
      const deleteAt = Math.ceil(entry.instants.deleteAt);
      if (deleteAt <= at) return false;
      const args = [key.field, frame, at, deleteAt, MAX_FIELDS[key.kind]];
      await redis.eval(WRITE, keys.length, ...keys, ...args);
      return true;
    },
  };
}
