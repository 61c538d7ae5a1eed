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
  /** Told of each command that Redis failed or refused. */
  readonly onFailure: (error: unknown) => void;
}

/** A client alone may hold commands back for seconds until it has found a Cluster. */
export function guardCommands(client: Redis | Cluster, guard: Guard): RedisCommands {
  const run = async <Result>(command: () => Promise<Result>): Promise<Result> => {
    if (!guard.isReady()) throw new Error('There is no connection to Redis');
    try {
      return await command();
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
