// The Redis tier: one hash an identity, with an index of when its fields end, both in one Cluster slot.
import type { CacheKey } from '../domain/cache-key.ts';
import { freshness, type Instants } from '../domain/freshness.ts';
import type { Problem } from '../domain/problem.ts';
import type { RedisCommands } from '../redis/commands.ts';
import type { Emit } from '../telemetry/events.ts';
import type { Entry } from './entry.ts';
import { decodeFrame, decodeHeader, encodeFrame, HEADER_BYTES } from './frame.ts';
import { CHANNEL, type Messages } from './messages.ts';
import { ERASE, FILL, GENERATION, HEAD, KINDS, RELEASE, RENEW, TAKE } from './redis-scripts.ts';
import type { Sealer } from './seal.ts';
import { type Kept, MAX_ENTRIES, type Store } from './store.ts';

/** What Redis knows about a key, without the entry's body. */
export interface Head {
  readonly generation: number;
  readonly instants: Instants | undefined;
}

/** What Redis holds for a key. */
export interface Shared extends Kept {
  /** The beginning of what is held, whether it can be read or not: by it something new is told from what was seen. */
  readonly seen: Buffer;
}

/** What comes of asking for a lease: it is ours; another's; or not needed, since there is something new. */
export type Turn =
  | { readonly turn: 'taken'; readonly generation: number }
  | { readonly turn: 'held'; readonly leftMs: number }
  | ({ readonly turn: 'filled' } & Shared);

/** What came of writing: kept; not ours to write any more; erased meanwhile; too large to keep. */
export type Writing = 'stored' | 'lost' | 'erased' | 'too-large';

/** A store that processes share, with leases: time-limited, tokened rights to fetch. Each verb rejects when Redis fails. */
export interface RedisStore extends Store {
  read(key: CacheKey): Promise<Shared>;
  write(key: CacheKey, entry: Entry, generation: number): Promise<boolean>;
  erase(identity: string): Promise<number>;
  head(key: CacheKey): Promise<Head>;
  /** @param seen what was held when it was looked at last */
  take(key: CacheKey, token: string, seen: Buffer): Promise<Turn>;
  /** False if the lease is no longer ours. */
  renew(key: CacheKey, token: string): Promise<boolean>;
  /** Writes under a lease, which ends with it; those who wait are told. */
  fill(key: CacheKey, entry: Entry, lease: Lease): Promise<Writing>;
  /** Ends a lease without an entry; those who wait are told of the problem, if there is one. */
  release(key: CacheKey, token: string, problem?: Problem): Promise<'released'>;
}

/** A lease that is ours, and the identity's generation when it was taken. */
export interface Lease {
  readonly token: string;
  readonly generation: number;
}

interface RedisStoreOptions {
  readonly redis: RedisCommands;
  readonly sealer: Sealer;
  readonly messages: Messages;
  readonly maxEntryBytes: number;
  /** How long a lease lasts, in milliseconds. */
  readonly leaseMs: number;
  /** How long a generation is kept: longer than any entry lives. In milliseconds. */
  readonly generationMs: number;
  readonly now: () => number;
  readonly emit: Emit;
}

const NOTHING = Buffer.alloc(0);
const NO_TOKEN = '';

/** Creates a store over a connected client. */
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { redis, sealer, messages, maxEntryBytes, leaseMs, generationMs, now, emit } = options;
  const runHead = redis.defineScript(HEAD);
  const runTake = redis.defineScript(TAKE);
  const runRenew = redis.defineScript(RENEW);
  const runFill = redis.defineScript(FILL);
  const runRelease = redis.defineScript(RELEASE);
  const runErase = redis.defineScript(ERASE);

  const sharedFrom = (key: CacheKey, frame: Buffer | null, generation: Buffer | null): Shared => {
    const decoded = frame === null ? undefined : decodeFrame(key, frame, sealer);
    if (frame !== null && decoded === undefined) emit({ type: 'entry-unreadable' });
    const isUsable = decoded && freshness(decoded.instants, now()) !== 'expired';
    const seen = frame === null ? NOTHING : Buffer.from(frame.subarray(0, HEADER_BYTES));
    return { entry: isUsable ? decoded : undefined, generation: toNumber(generation), seen };
  };

  /** Who does not know whether the lease is its own gives it up, so that nobody waits for its end. */
  const giveUp = (key: CacheKey, token: string) => {
    const tell = messages.filled(key);
    if (token !== NO_TOKEN) runRelease(leaseOf(key), token, CHANNEL, tell).catch(() => undefined);
  };

  const fill = async (key: CacheKey, entry: Entry, lease: Lease): Promise<Writing> => {
    const isKept = entry.body.length <= maxEntryBytes && entry.instants.deleteAt > now();
    const frame = isKept ? encodeFrame(key, entry, sealer) : NOTHING;
    const times = [Math.floor(now()), Math.ceil(entry.instants.deleteAt)];
    const indexes = [indexOf(key.identity, key.kind), ...indexesOf(key.identity)];
    const reply = await runFill(
      key.identity,
      ...[leaseOf(key), ...indexes],
      ...[key.field, frame, lease.generation, lease.token, ...times, MAX_ENTRIES[key.kind]],
      ...[CHANNEL, messages.filled(key)],
    ).catch((error: unknown) => {
      giveUp(key, lease.token);
      throw error;
    });
    const writing = String(reply) as Writing;
    return writing === 'stored' && !isKept ? 'too-large' : writing;
  };

  return {
    fill,
    async read(key) {
      const values = await redis.hmgetBuffer(key.identity, key.field, GENERATION);
      const [frame = null, generation = null] = values;
      return sharedFrom(key, frame, generation);
    },
    async write(key, entry, generation) {
      return (await fill(key, entry, { generation, token: NO_TOKEN })) === 'stored';
    },
    async erase(identity) {
      const told = [CHANNEL, messages.erased(identity)];
      const reply = await runErase(identity, ...indexesOf(identity), generationMs, ...told);
      return Number(reply);
    },
    async head(key) {
      const reply = await runHead(key.identity, key.field, HEADER_BYTES);
      const [generation, header] = reply as [Buffer, Buffer | null];
      const instants = header ? decodeHeader(header) : undefined;
      return { generation: toNumber(generation), instants };
    },
    async take(key, token, seen) {
      const args = [leaseOf(key), key.field, seen, token, leaseMs];
      const reply = await runTake(key.identity, ...args).catch((error: unknown) => {
        giveUp(key, token);
        throw error;
      });
      const [turn, detail, frame = null] = reply as [Buffer, Buffer | number, Buffer | null];
      if (String(turn) === 'held') return { turn: 'held', leftMs: Number(detail) };
      if (String(turn) === 'taken') return { turn: 'taken', generation: toNumber(detail) };
      return { turn: 'filled', ...sharedFrom(key, frame, detail as Buffer) };
    },
    async renew(key, token) {
      return Number(await runRenew(leaseOf(key), token, leaseMs)) === 1;
    },
    async release(key, token, problem) {
      const message = problem ? messages.failed(key, problem) : messages.filled(key);
      await runRelease(leaseOf(key), token, CHANNEL, message);
      return 'released';
    },
  };
}

function leaseOf({ identity, field }: CacheKey): string {
  return `${identity}:lease:${field}`;
}

function indexOf(identity: string, kind: string): string {
  return `${identity}:${kind}`;
}

function indexesOf(identity: string): readonly string[] {
  return KINDS.map((kind) => indexOf(identity, kind));
}

function toNumber(text: Buffer | number | null): number {
  return text === null ? 0 : Number(String(text));
}
