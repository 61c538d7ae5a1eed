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
}

/** A client alone may hold commands back for seconds until it has found a Cluster. */
export function guardCommands(client: Redis | Cluster, guard: Guard): RedisCommands {
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
    hmgetBuffer: (key, ...fields) => run(() => client.hmgetBuffer(key, ...fields)),
    defineScript({ name, keyCount, lua }) {
      client.defineCommand(name, { numberOfKeys: keyCount, lua });
      // The client gains a method of that name, of which its types know nothing.
      const scripts = client as unknown as Readonly<Record<string, RunScript>>;
      return (...args) => run(async () => scripts[`${name}Buffer`]?.(...args));
    },
  };
}

/** A timer so late says that this process was busy, not Redis. */
const LATE_MS = 10;

/** Rejects where a reply is missing for so long, not counting time in which this process could not have read it. */
function within<Result>(timeoutMs: number, command: Promise<Result>): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  let timer: NodeJS.Timeout;
  const wait = () => {
    const dueAt = performance.now() + timeoutMs;
    timer = setTimeout(() => {
      if (performance.now() - dueAt > LATE_MS) return wait();
      // What has arrived by now is read before this.
      setImmediate(() => reject(new Error('A command to Redis timed out')));
    }, timeoutMs);
  };
  wait();
  command.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
