// How many processes share Redis: each says every two seconds that it lives.
import type { Allowance } from '../domain/tenant.ts';
import type { RedisCommands, Script } from '../redis/commands.ts';

/** The processes that share Redis. */
export interface Replicas {
  /** How many were seen last, this one included, and no fewer than are known to be there without Redis. */
  count(): number;
  /**
   * Whether Redis fails, or was away until just now: others may not have told it what they did meanwhile. Of a Cluster
   * a part may be away by itself: `failedAt` is when it failed the asker last, by the same clock.
   */
  isReturning(failedAt: number): boolean;
  /** Hears each time that Redis was reached, and whether all who listen were told of this one. */
  onBeat(listener: (beat: Beat) => void): void;
  /** Says no more that this one lives. */
  end(): void;
}

interface Beat {
  readonly isPublished: boolean;
}

interface ReplicasOptions {
  readonly redis: RedisCommands;
  /** A name of this process that no other has. */
  readonly id: string;
  /** How many there are at least, whether or not Redis can be reached. */
  readonly atLeast: number;
  /** What is published with each beat. */
  readonly message: { readonly channel: string; readonly text: string };
  /** Runs something again and again; returns what ends that. Must not keep the process from ending. */
  readonly every: (run: () => void, delayMs: number) => () => void;
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
}

const BEAT_EVERY_MS = 2_000;
/** Who was silent for so long is gone. */
const GONE_AFTER_MS = 7_000;
/** So many beats it takes until who was silent all the time is gone. */
const GONE_AFTER_BEATS = Math.ceil(GONE_AFTER_MS / BEAT_EVERY_MS);
/** Who has not beaten for so long does not see the others either, where Redis was away from them as well. */
const MISSED_MS = 2 * BEAT_EVERY_MS;
/** Within this time after Redis is back all have reached it again, beaten, and told it what they did; in ms. */
export const RETURN_MS = 6_000;
const KEY = 'c360:replicas';

/**
 * Notes that a process lives, forgets those that do not, and tells all. KEYS: the processes. ARGV: this one, ms until
 * it is gone, channel, message. Returns how many there are, 1 if the message was published, and 1 if this one was not
 * among them.
 */
const BEAT: Script = {
  name: 'c360Beat',
  keyCount: 1,
  isForOthers: true,
  lua: `
local time = redis.call('TIME')
local now, life = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
local added = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - life)
redis.call('PEXPIRE', KEYS[1], life)
local told = redis.pcall('PUBLISH', ARGV[3], ARGV[4])
return {redis.call('ZCARD', KEYS[1]), type(told) == 'number' and 1 or 0, added}`,
};

/** Begins to beat. */
export function createReplicas(options: ReplicasOptions): Replicas {
  const { redis, id, atLeast, message, every, ticks } = options;
  const runBeat = redis.defineScript(BEAT);
  const listeners: ((beat: Beat) => void)[] = [];
  let seen = 1;
  let beatenAt: number | null = null;
  let unsureBeats = 0;
  let isAway = false;
  let returnedAt = Number.NEGATIVE_INFINITY;
  const beat = async () => {
    const reply = await runBeat(KEY, id, GONE_AFTER_MS, message.channel, message.text);
    const [count, published, added] = reply as [number, number, number];
    // Redis has lost all, or was away for long: the others are there as well, and have only not beaten yet.
    const isUnsure = beatenAt !== null && (added === 1 || ticks() - beatenAt > MISSED_MS);
    if (isUnsure) unsureBeats = GONE_AFTER_BEATS;
    beatenAt = ticks();
    if (isAway) returnedAt = ticks();
    isAway = false;
    seen = Math.max(unsureBeats > 0 ? seen : 1, count);
    unsureBeats = Math.max(0, unsureBeats - 1);
    for (const listener of listeners) listener({ isPublished: published === 1 });
  };
  // What Redis fails now it may do next time.
  const tryBeat = () =>
    void beat().catch(() => {
      isAway = true;
    });
  const end = every(tryBeat, BEAT_EVERY_MS);
  tryBeat();
  return {
    count: () => Math.max(seen, atLeast),
    isReturning: (failedAt) => isAway || ticks() - Math.max(returnedAt, failedAt) < RETURN_MS,
    onBeat: (listener) => void listeners.push(listener),
    end,
  };
}

/** A process's part of an allowance where it cannot know what the others use: one request at least. */
export function shareOf({ requests, perMs }: Allowance, replicas: number): Allowance {
  return { requests: Math.max(1, Math.floor(requests / replicas)), perMs };
}
