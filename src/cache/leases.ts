// Fetching under a lease, so that of all processes one fetches a key at a time and the others take what it brings.
import { setTimeout as delay } from 'node:timers/promises';
import type { CacheKey } from '../domain/cache-key.ts';
import { freshness } from '../domain/freshness.ts';
import { isProblem } from '../domain/problem.ts';
import type { StaleIfError } from '../domain/source.ts';
import type { Emit } from '../telemetry/events.ts';
import type { Entry } from './entry.ts';
import type { Message, Messages } from './messages.ts';
import type { Lease } from './redis-store.ts';
import type { SoftStore } from './soft-store.ts';
import type { Kept } from './store.ts';

/** What a fetch brings: a new entry, or one that is answered with and not kept. */
export interface Brought {
  readonly entry: Entry;
  readonly staleIfError?: StaleIfError | undefined;
}

/** What was fetched, here or by another process. */
export interface Leased extends Brought {
  readonly generation: number;
  /** True if it is in Redis. */
  readonly stored: boolean;
  /** False if something newer or an erasure came meanwhile: then it is answered with, and not kept. */
  readonly isCurrent: boolean;
  /** True if another process fetched it. */
  readonly isOthers: boolean;
}

/** How to fetch, and until when to wait. */
export interface Fetching {
  /** What Redis held when it was looked at last. */
  readonly seen: Buffer;
  readonly fetch: () => Promise<Brought>;
  readonly signal: AbortSignal;
  /** Called each time before Redis is asked whose turn it is. */
  readonly onAsk?: () => void;
}

/** The leases of one process. */
export interface Leases {
  /**
   * Fetches a key if no other process does, else waits for what that brings. Null if Redis cannot be asked.
   * @throws what `fetch` throws, here or, told by a message, elsewhere; the signal's reason
   */
  fetch(key: CacheKey, fetching: Fetching): Promise<Leased | null>;
}

interface LeasesOptions {
  readonly store: SoftStore;
  readonly messages: Messages;
  /** Makes a token that no other lease has. */
  readonly newToken: () => string;
  /** How often a lease is lengthened, in milliseconds. */
  readonly renewMs: number;
  readonly now: () => number;
  readonly emit: Emit;
}

/** So long after a lease should have ended, those who wait look again: enough for Redis to have ended it. */
const LOOK_AFTER_MS = 20;
/** So often they look in any case, in case a message was lost. */
const LOOK_EVERY_MS = 250;
const UNREF = { ref: false };

/** Creates the leases of one process. */
export function createLeases(options: LeasesOptions): Leases {
  const { store, messages, newToken, renewMs, now, emit } = options;

  const hold = async (key: CacheKey, lease: Lease, { fetch }: Fetching): Promise<Leased> => {
    const renewal = setInterval(async () => {
      if (!(await store.renew(key, lease.token))) clearInterval(renewal);
    }, renewMs);
    try {
      const brought = await fetch();
      const isKept = brought.staleIfError === undefined;
      const outcome = isKept
        ? await store.fill(key, brought.entry, lease)
        : await store.release(key, lease.token);
      emit({ type: 'lease', kind: key.kind, outcome });
      return {
        ...brought,
        generation: lease.generation,
        stored: outcome === 'stored',
        isCurrent: isKept && outcome !== 'lost' && outcome !== 'erased',
        isOthers: false,
      };
    } catch (error) {
      // That this process has too much to do is no reason for others not to fetch it.
      const told = isProblem(error) && error.slug !== 'overloaded' ? error : undefined;
      const outcome = await store.release(key, lease.token, told);
      emit({ type: 'lease', kind: key.kind, outcome });
      throw error;
    } finally {
      clearInterval(renewal);
    }
  };

  const adopt = (key: CacheKey, { entry, generation }: Kept): Leased | undefined => {
    if (entry === undefined || freshness(entry.instants, now()) !== 'fresh') return undefined;
    emit({ type: 'lease', kind: key.kind, outcome: 'joined' });
    return { entry, generation, stored: true, isCurrent: true, isOthers: true };
  };

  /** The first turn that is not another's. */
  const turnOf = async (key: CacheKey, token: string, { seen, signal, onAsk }: Fetching) => {
    const waiting = createWaiting(key, messages, signal);
    const askedAt = now();
    let hasWaited = false;
    try {
      for (;;) {
        onAsk?.();
        const turn = await store.take(key, token, seen);
        if (turn?.turn !== 'held') return turn;
        hasWaited = true;
        await waiting.wait(turn.leftMs);
      }
    } finally {
      waiting.end();
      const durationMs = Math.max(0, now() - askedAt);
      if (hasWaited) emit({ type: 'lease-wait', kind: key.kind, durationMs });
    }
  };

  const fetch: Leases['fetch'] = async (key, fetching) => {
    const token = newToken();
    const turn = await turnOf(key, token, fetching);
    if (turn === null) return null;
    if (turn.turn === 'taken') return hold(key, { ...turn, token }, fetching);
    return adopt(key, turn) ?? fetch(key, { ...fetching, seen: turn.seen });
  };

  return { fetch };
}

/** Waits for a word of the one who holds the lease, or its end. `wait` throws the problem if that one has failed. */
function createWaiting(key: CacheKey, messages: Messages, signal: AbortSignal) {
  // Nearly nobody waits, and ending a signal costs as much as a command to Redis.
  let listening: AbortController | undefined;
  let word: Promise<Message> | undefined;
  return {
    async wait(leftMs: number): Promise<void> {
      if (word === undefined) {
        listening ??= new AbortController();
        word = messages.next(key, AbortSignal.any([signal, listening.signal]));
        // Nobody may be waiting any more when a signal ends.
        word.catch(() => undefined);
        // To look once more: what was told before we listened is not told again.
        return;
      }
      const lookMs = Math.min(leftMs + LOOK_AFTER_MS, LOOK_EVERY_MS);
      const message = await Promise.race([word, delay(lookMs, undefined, UNREF)]);
      if (message?.kind === 'failed') throw message.problem;
      if (message !== undefined) word = undefined;
    },
    end: () => listening?.abort(),
  };
}
