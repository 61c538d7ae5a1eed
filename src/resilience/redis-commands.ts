// The commands of Redis that the service uses, refused at once while there is no connection.
import type { Cluster, Redis } from 'ioredis';

/** What stores and quotas ask of Redis. Each may reject, and none waits for a connection. */
export interface RedisCommands {
  /** The values of fields of a hash, in their order. */
  hmgetBuffer(key: string, ...fields: readonly string[]): Promise<readonly (Buffer | null)[]>;
  /** Makes a script known under its name; it is sent whole once a connection, then by its hash. */
  defineScript(script: Script): RunScript;
}

/** A Lua script, which Redis runs as one step. */
export interface Script {
  /** Unique among scripts. */
  readonly name: string;
  readonly keyCount: number;
  readonly lua: string;
}

/** Runs a script: first its keys, then its arguments. Texts in the reply are buffers. */
export type RunScript = (...args: readonly ScriptArgument[]) => Promise<unknown>;

type ScriptArgument = string | number | Buffer;

interface Guard {
  readonly isReady: () => boolean;
  /** The longest wait for a reply, in milliseconds. */
  readonly timeoutMs: number;
  /** Told of each command that Redis failed or refused. */
  readonly onFailure: (error: unknown) => void;
  /** Resolves when all that had arrived in the present turn of the event loop has been read. */
  readonly endOfTurn: () => Promise<void>;
}

/** A client alone may hold commands back for seconds until it has found a Cluster. */
export function guardCommands(client: Redis | Cluster, guard: Guard): RedisCommands {
  const within = createPatience();
  const run = async <Result>(command: () => Promise<Result>): Promise<Result> => {
    if (!guard.isReady()) throw new Error('There is no connection to Redis');
    try {
      return await within(guard.timeoutMs, command());
    } catch (error) {
      guard.onFailure(error);
      throw error;
    }
  };
  return {
    async hmgetBuffer(key, ...fields) {
      const values = await run(() => client.hmgetBuffer(key, ...fields));
      // Those who have waited for what arrived together go on together.
      await guard.endOfTurn();
      return values;
    },
    defineScript({ name, keyCount, lua }) {
      client.defineCommand(name, { numberOfKeys: keyCount, lua });
      // The client gains a method of that name, of which its types know nothing.
      const scripts = client as unknown as Readonly<Record<string, RunScript>>;
      return (...args) => run(async () => scripts[`${name}Buffer`]?.(...args));
    },
  };
}

/** How often it is looked whether a reply is overdue. */
const LOOK_EVERY_MS = 10;
/** So much of the time between two looks counts at most. */
const MOST_BETWEEN_LOOKS_MS = 30;

/** A reply that is waited for, and how much longer. */
interface Wait {
  leftMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Rejects where a reply is missing for so long. One timer does for all commands under way: one for each takes longer
 * than some of them. Where it is far too late this process was busy, not Redis: most of that time does not count.
 */
function createPatience() {
  const waits = new Set<Wait>();
  let timer: NodeJS.Timeout | undefined;
  let lookedAt = 0;

  const look = () => {
    const now = performance.now();
    const elapsedMs = Math.min(now - lookedAt, MOST_BETWEEN_LOOKS_MS);
    lookedAt = now;
    for (const wait of waits) {
      wait.leftMs -= elapsedMs;
      if (wait.leftMs > 0) continue;
      waits.delete(wait);
      // What has arrived by now is read before this.
      setImmediate(() => wait.reject(new Error('A command to Redis timed out')));
    }
    if (waits.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return <Result>(timeoutMs: number, command: Promise<Result>): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    // The first look may come at once.
    const wait = { leftMs: timeoutMs + LOOK_EVERY_MS, reject };
    waits.add(wait);
    if (timer === undefined) {
      lookedAt = performance.now();
      timer = setInterval(look, LOOK_EVERY_MS);
    }
    command.then(
      (result) => {
        waits.delete(wait);
        resolve(result);
      },
      (error: unknown) => {
        waits.delete(wait);
        reject(error);
      },
    );
    return promise;
  };
}
