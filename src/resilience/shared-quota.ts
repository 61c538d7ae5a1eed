// Quotas counted in Redis, for all replicas together; by shares while Redis fails.
import { LRUCache } from 'lru-cache';
import type { QuotaCounter, QuotaUse } from '../domain/quota.ts';
import type { Allowance } from '../domain/tenant.ts';
import { mayBeDone, type RedisCommands, type Script } from '../redis/commands.ts';
import type { AloneWatch } from './alone-watch.ts';
import { endAlone, knownOf, noteTold, noteUntold, takeAlone, untoldIn } from './quota-alone.ts';
import {
  AHEAD_OF_REST,
  beginAnew,
  mostAhead,
  newWindow,
  note,
  type QuotaWindow,
  wantedAhead,
} from './quota-window.ts';
import type { Replicas } from './replicas.ts';

interface SharedQuotaOptions {
  readonly redis: RedisCommands;
  /** Makes the key of a name, without personal data. */
  readonly keyOf: (name: string) => string;
  readonly replicas: Pick<Replicas, 'count' | 'isReturning' | 'onBeat'>;
  /** Told of each count that Redis did not take. */
  readonly onFailure: () => void;
  readonly watch: AloneWatch;
  /** Milliseconds that only grow. */
  readonly ticks?: () => number;
  /** Runs something once, later; must not keep the process from ending. */
  readonly later?: (run: () => void, delayMs: number) => void;
}

/** What a request takes, and what else is taken with it. */
interface Cost {
  readonly cost: number;
  readonly ahead: number;
}

interface Asked {
  readonly name: string;
  readonly cost: number;
  /** What this process's share has admitted of it, where that was asked first. */
  readonly own?: QuotaUse;
}

const MAX_NAMES = 10_000;
/** The first of many takes for itself alone, those after it a twentieth of the rest each. */
const MAX_WAITS = 8;
/** What is held is given back when nothing was asked for during this time, */
const IDLE_MS = 1_000;
/** unless the window ends so soon: what is given back must not reach the next one. */
const TOO_LATE_MS = 2_000;

/**
 * Counts if it fits, and as many more as are wanted ahead: a twentieth of what remains at most, so that near
 * the limit there is nothing ahead. A window without an end is none, and begins with a request.
 * What was admitted without asking is counted in any case. A window that Redis has lost goes on as the caller knows it.
 * KEYS: the window. ARGV: cost, requests, window in ms, ahead, admitted already, used and ms left as known. Returns
 * admitted, used, ms left, taken ahead.
 */
const TAKE: Script = {
  name: 'c360TakeQuota',
  keyCount: 1,
  lua: `
local cost, requests, per, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local already = tonumber(ARGV[5])
local left = redis.call('PTTL', KEYS[1])
local used = left > 0 and tonumber(redis.call('GET', KEYS[1])) or tonumber(ARGV[6])
local rest = tonumber(ARGV[7])
if left <= 0 then left = rest > 0 and math.min(rest, per) or per end
if already > 0 then
  used = used + already
  redis.call('SET', KEYS[1], used, 'PX', left)
end
local total = math.max(0, used + cost)
if total > requests then return {0, used, left, 0} end
if total == 0 then
  redis.call('DEL', KEYS[1])
  return {1, 0, 0, 0}
end
ahead = math.min(ahead, math.floor((requests - total) * ${AHEAD_OF_REST}))
redis.call('SET', KEYS[1], total + ahead, 'PX', left)
return {1, total + ahead, left, ahead}`,
};

/** Creates a counter over a connected client. A request is counted without asking Redis while some are held. */
export function createSharedQuota(options: SharedQuotaOptions): QuotaCounter {
  const { redis, keyOf, replicas, onFailure, watch } = options;
  const { ticks = () => performance.now() } = options;
  const { later = (run, delayMs) => void setTimeout(run, delayMs).unref() } = options;
  const runTake = redis.defineScript(TAKE);
  const tellLater = new Map<QuotaWindow, Allowance>();
  const windows = new LRUCache<string, QuotaWindow>({ max: MAX_NAMES });

  const windowOf = (name: string, now: number): QuotaWindow => {
    const known = windows.get(name);
    if (known === undefined) {
      const window = newWindow(keyOf(name), now);
      windows.set(name, window);
      return window;
    }
    if (known.endsAt <= now) beginAnew(known);
    return known;
  };

  const call = async (window: QuotaWindow, { cost, ahead }: Cost, allowance: Allowance) => {
    // What was admitted alone is told once, though several calls may be under way.
    const now = ticks();
    const already = window.isTelling ? 0 : untoldIn(window, now);
    if (already > 0) window.isTelling = true;
    const { requests, perMs } = allowance;
    const counted = [cost, requests, perMs, ahead, already];
    try {
      const reply = await runTake(window.key, ...counted, ...knownOf(window, now));
      window.isFailing = false;
      noteTold(window, already);
      if (!replicas.isReturning()) endAlone(window);
      watch.noteShared();
      return reply as [admitted: number, used: number, leftMs: number, taken: number];
    } catch (error) {
      window.isFailing = true;
      // Twice would be worse than not at all: what is late may come time and again.
      if (mayBeDone(error)) noteTold(window, already);
      throw error;
    } finally {
      if (already > 0) window.isTelling = false;
    }
  };

  const send = async (window: QuotaWindow, cost: Cost, allowance: Allowance) => {
    const sentAt = ticks();
    const [admitted, used, leftMs, taken] = await call(window, cost, allowance);
    // Redis may have begun another window meanwhile, in which what is held of the last one counts for nothing.
    if (window.endsAt <= ticks()) beginAnew(window);
    window.held += taken;
    window.known = used;
    window.endsAt = sentAt + leftMs;
    if (taken > 0 && !window.isWatched) giveBackWhenIdle(window, allowance);
    return { admitted: admitted === 1, leftMs, taken };
  };

  /** One call at a time takes ahead, else each of many at once would. */
  const ask = (window: QuotaWindow, cost: number, allowance: Allowance) => {
    if (window.takingAhead !== null) return send(window, { cost, ahead: 0 }, allowance);
    const isUnsure = window.isFailing || replicas.isReturning();
    const ahead = isUnsure ? 0 : wantedAhead(window);
    const asked = send(window, { cost, ahead }, allowance);
    const taken = asked.then(
      (reply) => reply.taken,
      () => null,
    );
    window.takingAhead = taken.finally(() => {
      window.takingAhead = null;
    });
    return asked;
  };

  const giveBackWhenIdle = (window: QuotaWindow, allowance: Allowance) => {
    window.isWatched = true;
    later(() => {
      window.isWatched = false;
      const now = ticks();
      if (window.held === 0 || window.endsAt - now < TOO_LATE_MS) return;
      if (now - window.periodAt < IDLE_MS) return giveBackWhenIdle(window, allowance);
      const { held } = window;
      window.held = 0;
      window.asked = 0;
      window.askedBefore = 0;
      // What cannot be given back is lost to others until the window ends.
      ask(window, -held, allowance).catch(() => undefined);
    }, IDLE_MS);
  };

  const takeOwn = (window: QuotaWindow, cost: number, allowance: Allowance) =>
    takeAlone(window, { cost, allowance, replicas: replicas.count(), now: ticks() });

  /** `isTold`: Redis may have counted it all the same. */
  const countAlone = ({ name, cost, own }: Asked, allowance: Allowance, isTold: boolean) => {
    onFailure();
    watch.noteAlone();
    const window = windowOf(name, ticks());
    tellLater.set(window, allowance);
    const use = own ?? takeOwn(window, cost, allowance);
    if (use.admitted && !isTold) noteUntold(window, cost);
    return use;
  };

  // The others need not wait for what is asked for next.
  replicas.onBeat(() => {
    for (const [window, allowance] of tellLater) ask(window, 0, allowance).catch(() => undefined);
    tellLater.clear();
  });

  const askAbout = async (
    window: QuotaWindow,
    asked: Asked,
    allowance: Allowance,
  ): Promise<QuotaUse> => {
    const { cost } = asked;
    const windowCount = window.count;
    const spent = cost > 0 ? window.held : 0;
    window.held -= spent;
    const putBack = () => {
      if (window.count === windowCount) window.held += spent;
    };
    try {
      const { admitted, leftMs } = await ask(window, cost - spent, allowance);
      if (!admitted) putBack();
      // What was taken ahead meanwhile may be what was missing.
      if (!admitted && window.held > spent) return count(asked, allowance, MAX_WAITS);
      return { admitted, used: Math.max(0, window.known - window.held), resetMs: leftMs };
    } catch (error) {
      putBack();
      return countAlone(asked, allowance, mayBeDone(error));
    }
  };

  const spend = (window: QuotaWindow, cost: number, allowance: Allowance): QuotaUse => {
    window.held -= cost;
    const isLow = window.held < wantedAhead(window) / 2;
    if (isLow && window.takingAhead === null) ask(window, 0, allowance).catch(() => undefined);
    const { known, held, endsAt } = window;
    return { admitted: true, used: Math.max(0, known - held), resetMs: endsAt - ticks() };
  };

  /** Of many at once some ask, and the others wait for what these take ahead, as long as that is something. */
  const count = (asked: Asked, allowance: Allowance, waits = 0): QuotaUse | Promise<QuotaUse> => {
    const { name, cost } = asked;
    const window = windowOf(name, ticks());
    if (cost >= 0 && window.held >= cost) return spend(window, cost, allowance);
    const isWorthWaiting = cost === 1 && waits < MAX_WAITS && mostAhead(window, allowance) > 0;
    if (window.takingAhead === null || !isWorthWaiting) return askAbout(window, asked, allowance);
    return window.takingAhead.then((taken) => {
      if (taken === null) return countAlone(asked, allowance, false);
      const isInVain = waits > 0 && taken === 0;
      return count(asked, allowance, isInVain ? MAX_WAITS : waits + 1);
    });
  };

  return {
    take(name, cost, allowance) {
      const now = ticks();
      const window = windowOf(name, now);
      note(window, cost, now);
      if (cost <= 0 || !replicas.isReturning()) return count({ name, cost }, allowance);
      // Redis may not know what others have admitted without it: what it admits has to fit the share, too.
      const own = takeOwn(window, cost, allowance);
      if (own.admitted) return count({ name, cost, own }, allowance);
      // A window that Redis has lost goes on as those know it who have used it up.
      if (window.takingAhead === null) ask(window, 0, allowance).catch(() => undefined);
      return own;
    },
  };
}
