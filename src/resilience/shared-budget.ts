// Budgets for calls to the vendor, of all replicas together: token buckets in Redis; by shares while Redis fails.
import type { Priority } from '../domain/source.ts';
import type { Allowance } from '../domain/tenant.ts';
import { mayBeDone, type RedisCommands } from '../redis/commands.ts';
import type { AloneWatch } from './alone-watch.ts';
import { knownArguments, readReply, TAKE, TELL } from './bucket-scripts.ts';
import { type Budgets, createLocalBudgets } from './local-budget.ts';
import { type Replicas, shareOf } from './replicas.ts';
import { callsLeft, isPaused, neededTokens, type Taken } from './token-bucket.ts';

interface SharedBudgetsOptions {
  readonly redis: RedisCommands;
  /** Makes the key of a name. */
  readonly keyOf: (name: string) => string;
  readonly replicas: Pick<Replicas, 'count' | 'isReturning' | 'onBeat'>;
  readonly watch: AloneWatch;
  /** Told of each count that Redis did not take. */
  readonly onFailure: () => void;
  /** The present, in Unix milliseconds; it only grows. */
  readonly now: () => number;
}

/** A budget that this process uses. */
interface Account {
  readonly name: string;
  readonly allowance: Allowance;
  /** Who counted last. */
  counts: 'nobody' | 'redis' | 'alone';
  /** The calls that Redis does not know of. */
  untold: number;
  /** The end of a pause that Redis does not know of, in Unix milliseconds. */
  untoldPauseEnd: number;
  askedAt: number;
  /** When Redis failed it last. */
  failedAt: number;
  /** Of which birth the bucket in Redis was; 0 if that is not known. */
  birth: number;
}

/** Who asked in this time hears with each beat what others did. */
const HEARS_FOR_MS = 60_000;

/** Creates budgets over a connected client. */
export function createSharedBudgets(options: SharedBudgetsOptions): Budgets {
  const { redis, keyOf, replicas, watch, onFailure, now } = options;
  const runTake = redis.defineScript(TAKE);
  const runTell = redis.defineScript(TELL);
  /** As Redis has told last, and what was done here since. */
  const whole = createLocalBudgets(now);
  /** This process's shares. */
  const own = createLocalBudgets(now);
  const accounts = new Map<string, Account>();

  const accountOf = (name: string, allowance: Allowance): Account => {
    const known = accounts.get(name);
    if (known) return known;
    const nothing = { untold: 0, untoldPauseEnd: 0, failedAt: Number.NEGATIVE_INFINITY, birth: 0 };
    const account: Account = { name, allowance, counts: 'nobody', askedAt: now(), ...nothing };
    accounts.set(name, account);
    return account;
  };

  const isAlone = (name: string) => accounts.get(name)?.counts === 'alone';

  const shareNow = (allowance: Allowance) => shareOf(allowance, replicas.count());

  const takeOwn = (account: Account, priority: Priority): Taken => {
    const { name, allowance } = account;
    const share = shareNow(allowance);
    if (account.counts === 'redis') {
      const bucket = whole.read(name, allowance);
      const most = bucket.tokens / replicas.count();
      own.put(name, { ...bucket, tokens: Math.min(own.read(name, share).tokens, most) });
    }
    account.counts = 'alone';
    return own.take(name, share, priority);
  };

  const noteOwn = (account: Account, isTold: boolean) => {
    whole.take(account.name, account.allowance, 'caller');
    if (!isTold) account.untold += 1;
  };

  /** Runs a script with what is known here, tells what was done without Redis, and keeps what Redis knows. */
  const run = async (script: typeof runTake, account: Account, argument: number) => {
    const { name, allowance, untold } = account;
    const sentAt = now();
    const known = knownArguments(whole.read(name, allowance), account.birth);
    const { requests, perMs } = allowance;
    account.untold = 0;
    try {
      const reply = await script(keyOf(name), requests, perMs, ...known, untold, argument);
      const told = readReply(reply);
      account.birth = told.birth;
      // From when it was sent, or each reply would prolong the pause by its way.
      const pausedUntil = Math.max(whole.read(name, allowance).pausedUntil, sentAt + told.pauseMs);
      whole.put(name, { tokens: told.tokens, share: told.share, pausedUntil, at: now() });
      account.counts = 'redis';
      return told;
    } catch (error) {
      account.failedAt = now();
      // Twice would be worse than not at all: what is late may come time and again.
      if (!mayBeDone(error)) account.untold += untold;
      throw error;
    }
  };

  const tell = async (account: Account): Promise<boolean> => {
    const { untoldPauseEnd } = account;
    const pauseMs = Math.max(0, Math.ceil(untoldPauseEnd - now()));
    const { isSo } = await run(runTell, account, pauseMs);
    if (account.untoldPauseEnd === untoldPauseEnd) account.untoldPauseEnd = 0;
    return isSo;
  };

  // The others need not wait for the next call; and what they did is known here, should Redis fail.
  replicas.onBeat(() => {
    for (const account of accounts.values()) {
      const isInUse = now() - account.askedAt < HEARS_FOR_MS;
      const isUntold = account.untold > 0 || account.untoldPauseEnd > now();
      if (isInUse || isUntold) tell(account).catch(() => undefined);
    }
  });

  return {
    async take(name, allowance, priority) {
      const account = accountOf(name, allowance);
      account.askedAt = now();
      // Whoever was told of it: nobody ends a pause early.
      if (isPaused(whole.read(name, allowance))) return whole.take(name, allowance, priority);
      // Redis may not know what others have done without it: what it admits has to fit the share, too.
      const mine = replicas.isReturning(account.failedAt) ? takeOwn(account, priority) : null;
      if (mine !== null && !mine.isAdmitted) return mine;
      try {
        const { isSo, waitMs } = await run(runTake, account, neededTokens(allowance, priority));
        watch.noteShared();
        return { isAdmitted: isSo, waitMs, left: callsLeft(whole.read(name, allowance)) };
      } catch (error) {
        onFailure();
        watch.noteAlone();
        const taken = mine ?? takeOwn(account, priority);
        if (taken.isAdmitted) noteOwn(account, mayBeDone(error));
        return taken;
      }
    },
    async slow(name, allowance, retryAfterMs) {
      const account = accountOf(name, allowance);
      own.slow(name, shareNow(allowance), retryAfterMs);
      account.untoldPauseEnd = Math.max(account.untoldPauseEnd, now() + retryAfterMs);
      // First, so that a Redis that has lost the bucket hears how it was before.
      const telling = tell(account);
      const isLowered = whole.slow(name, allowance, retryAfterMs);
      try {
        return await telling;
      } catch {
        onFailure();
        return isLowered;
      }
    },
    left: (name, allowance) =>
      isAlone(name) ? own.left(name, shareNow(allowance)) : whole.left(name, allowance),
    waitMs: (name, allowance) =>
      isAlone(name) ? own.waitMs(name, shareNow(allowance)) : whole.waitMs(name, allowance),
  };
}
