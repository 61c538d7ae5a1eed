// Both tiers as one: memory before Redis, and what other processes do in Redis finds its way into memory.
import { LRUCache } from 'lru-cache';
import type { CacheKey } from '../domain/cache-key.ts';
import { isOutage, type Problem } from '../domain/problem.ts';
import type { Tier } from '../domain/source.ts';
import { createBackOff, type Failure } from './back-off.ts';
import { type Entry, isNewer } from './entry.ts';
import { createFlights } from './flights.ts';
import type { Brought, Leased, Leases } from './leases.ts';
import type { MemoryStore, Remembered } from './memory-store.ts';
import type { Message, Messages } from './messages.ts';
import { type Place, placeName } from './place.ts';
import type { Shared } from './redis-store.ts';
import type { SoftStore } from './soft-store.ts';

/** What the layers of the cache read from and write to. */
export interface Tiers {
  /** What memory holds, after a look at Redis if there has been none for a while. Never rejects. */
  recall(key: CacheKey): Remembered | undefined | Promise<Remembered | undefined>;
  /** Looks into Redis; what it holds is in memory then, too. Never rejects. */
  look(key: CacheKey): Promise<Look>;
  /** Keeps an entry in every tier; true if one of them took it. Never rejects. */
  write(key: CacheKey, entry: Entry, look: Look): Promise<boolean>;
  /**
   * Fetches an entry, where no other process does, and keeps it in every tier.
   * @throws what `fetch` throws, here or elsewhere; the signal's reason
   */
  fetch(key: CacheKey, fetching: TieredFetching): Promise<Leased>;
  /** The newest entry that is known now, where one saw another before; none if it was erased since. Never rejects. */
  lookAgain(key: CacheKey, before: Look): Promise<Entry | undefined>;
  /** The last try to fetch an entry anew, if that failed. */
  failureOf(place: Place): Failure | undefined;
  /** Notes that fetching an entry anew has failed. */
  noteFailure(place: Place, problem: Problem): void;
  /** Removes all that is held about an identity, here and, by a message, everywhere. Rejects if Redis fails. */
  erase(identity: string): Promise<void>;
}

/** What is known about a key: the newest entry of the tiers that has not expired, and the tier that it is from. */
export interface Known {
  readonly entry: Entry | undefined;
  readonly tier: Tier;
  /** The last try to fetch it anew, if that failed. */
  readonly failure: Failure | undefined;
}

/** What is known after a look into Redis. */
export interface Look extends Known {
  /** What Redis said; undefined if it cannot be asked. */
  readonly shared: Shared | undefined;
  /** The identity's generation in this process before the look. */
  readonly localGeneration: number;
}

/** How to fetch, and until when to wait. */
export interface TieredFetching {
  readonly look: Look;
  readonly fetch: () => Promise<Brought>;
  readonly signal: AbortSignal;
}

/** What processes share. */
export interface SharedTier {
  readonly store: SoftStore;
  readonly leases: Leases;
  readonly messages: Messages;
}

interface TiersOptions {
  readonly memory: MemoryStore;
  /** Null: memory only. */
  readonly shared: SharedTier | null;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** So long memory trusts itself, in case a message was lost. */
const TRUST_MS = 10_000;
/** Of so many keys it is known when they were last heard of. */
const MAX_HEARD = 10_000;

/** Creates the tiers of one process. */
export function createTiers({ memory, shared, now, random }: TiersOptions): Tiers {
  const checks = createFlights<void>();
  const backOff = createBackOff({ now, random });
  const heardAt = new LRUCache<string, number>({ max: MAX_HEARD });
  let heard = 0;

  const noteFailure = (place: Place, problem: Problem) =>
    backOff.note(place, problem, memory.recall(place)?.entry.instants.fetchedAt);

  const hear = (message: Message) => {
    if (message.kind === 'erased') return void memory.erase(message.identity);
    if (message.kind === 'failed') {
      return isOutage(message.problem) ? noteFailure(message, message.problem) : undefined;
    }
    backOff.forget(message);
    heard += 1;
    heardAt.set(placeName(message), heard);
    doubt(memory.recall(message));
  };

  /** A message may overtake the reply to what was asked of Redis before it. */
  const isOvertaken = (place: Place, heardBefore: number) =>
    heard > heardBefore && (heardAt.get(placeName(place)) ?? 0) > heardBefore;

  /** What memory holds, unless Redis knows of an erasure after it, of which nobody was heard. */
  const heldBeside = (key: CacheKey, found: Shared | undefined) => {
    const held = memory.recall(key);
    if (!held || !found || found.generation === held.sharedGeneration) return held;
    memory.erase(key.identity);
    return undefined;
  };

  const look = async (key: CacheKey): Promise<Look> => {
    const heardBefore = heard;
    const before = memory.generationOf(key.identity);
    const found = (await shared?.store.read(key)) ?? undefined;
    const isCurrent = memory.generationOf(key.identity) === before;
    const held = heldBeside(key, found);
    const localGeneration = isCurrent ? memory.generationOf(key.identity) : before;
    const known = { shared: found, localGeneration };
    if (found?.entry === undefined || !isNewer(found.entry.instants, held?.entry.instants)) {
      return { ...known, entry: held?.entry, failure: backOff.failureOf(key), tier: 'memory' };
    }
    const generations = { local: localGeneration, shared: found.generation };
    const kept = memory.keep(key, found.entry, generations);
    if (isOvertaken(key, heardBefore)) doubt(kept);
    const entry = kept?.entry ?? found.entry;
    return { ...known, entry, failure: backOff.failureOf(key), tier: 'redis' };
  };

  const check = async (key: CacheKey, held: Remembered, { store }: SharedTier) => {
    const heardBefore = heard;
    const head = await store.head(key);
    if (!isOvertaken(key, heardBefore)) held.checkedAt = now();
    if (head === null) return;
    if (head.generation !== held.sharedGeneration) memory.erase(key.identity);
    else if (head.instants && isNewer(head.instants, held.entry.instants)) await look(key);
  };

  shared?.messages.onMessage(hear);

  return {
    look,
    failureOf: backOff.failureOf,
    noteFailure,
    async lookAgain(key, before) {
      const known = await look(key);
      if (known.entry || known.localGeneration !== before.localGeneration) return known.entry;
      // Neither tier has it any more, or Redis cannot be asked.
      const isErased = known.shared && known.shared.generation !== before.shared?.generation;
      return isErased ? undefined : before.entry;
    },
    recall(key) {
      const held = memory.recall(key);
      if (!held || !shared || now() - held.checkedAt < TRUST_MS) return held;
      const { result } = checks.join(placeName(key), () => check(key, held, shared));
      return result.then(() => memory.recall(key));
    },
    async write(key, entry, seen) {
      const generation = seen.shared?.generation ?? 0;
      const held = memory.keep(key, entry, { local: seen.localGeneration, shared: generation });
      const inRedis = seen.shared && (await shared?.store.write(key, entry, generation));
      return held !== undefined || inRedis === true;
    },
    async fetch(key, { look: seen, fetch, signal }) {
      let local = seen.localGeneration;
      // What comes of it is younger than the erasures that are known by then.
      const onAsk = () => {
        local = memory.generationOf(key.identity);
      };
      const fetching = { fetch, signal, onAsk };
      const leased =
        seen.shared && (await shared?.leases.fetch(key, { ...fetching, seen: seen.shared.seen }));
      const landed = leased ?? (await fetchAlone(fetch));
      backOff.forget(key);
      if (!landed.isCurrent) return landed;
      const held = memory.keep(key, landed.entry, { local, shared: landed.generation });
      const stored = landed.stored || held !== undefined;
      return { ...landed, entry: held?.entry ?? landed.entry, stored };
    },
    async erase(identity) {
      memory.erase(identity);
      try {
        await shared?.store.erase(identity);
      } finally {
        // What a look of before has brought back meanwhile; our own message is not heard.
        memory.erase(identity);
      }
    },
  };
}

/** To be compared with Redis before it is answered with again. */
function doubt(held: Remembered | undefined): void {
  if (held) held.checkedAt = Number.NEGATIVE_INFINITY;
}

/** Without leases each process fetches for itself. */
async function fetchAlone(fetch: () => Promise<Brought>): Promise<Leased> {
  const brought = await fetch();
  const isCurrent = brought.staleIfError === undefined;
  return { ...brought, generation: 0, stored: false, isCurrent, isOthers: false };
}
