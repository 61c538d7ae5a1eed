// The commands of Redis that the service uses, refused at once while there is no connection or no answer in time.
import type { Cluster, Redis } from 'ioredis';
import type { Within } from './allowance.ts';
import { OverdueReply } from './patience.ts';

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
  /** One at least. */
  readonly keyCount: number;
  readonly lua: string;
  /** It is for others: nobody here waits for it, so that it may be late, and it is sent also while Redis is. */
  readonly isForOthers?: true;
}

/** Runs a script: first its keys, then its arguments. Texts in the reply are buffers. */
export type RunScript = (key: string, ...args: readonly ScriptArgument[]) => Promise<unknown>;

type ScriptArgument = string | number | Buffer;

/** Nothing was sent: there is no connection, or its answers come too late to be waited for. */
class NotAsked extends Error {}

/** True unless a command that failed was surely not done. */
export function mayBeDone(error: unknown): boolean {
  const isRefused = error instanceof Error && error.name === 'ReplyError';
  return !isRefused && !(error instanceof NotAsked);
}

interface Guard {
  readonly isReady: () => boolean;
  /** Waits for a reply, and rejects with an {@link OverdueReply} if it does not come in time. */
  readonly within: Within;
  /** The same for what is for others. */
  readonly withinForOthers: Within;
  /** Whether answers about a key are late, so that nobody is to wait for them. */
  readonly isLate: (key: string) => boolean;
  /** Told of each command that Redis refused. */
  readonly onFailure: (error: unknown) => void;
  /** Resolves when all that had arrived in the present turn of the event loop has been read. */
  readonly endOfTurn: () => Promise<void>;
}

/** A client alone may hold commands back for seconds until it has found a Cluster. */
export function guardCommands(client: Redis | Cluster, guard: Guard): RedisCommands {
  const send = async <Result>(
    key: string,
    command: () => Promise<Result>,
    isForOthers: boolean,
  ): Promise<Result> => {
    const within = isForOthers ? guard.withinForOthers : guard.within;
    try {
      return await within(command(), key);
    } catch (error) {
      if (!(error instanceof OverdueReply)) guard.onFailure(error);
      throw error;
    }
  };

  const run = async <Result>(
    key: string,
    command: () => Promise<Result>,
    isForOthers = false,
  ): Promise<Result> => {
    if (!guard.isReady()) throw new NotAsked('There is no connection to Redis');
    if (!guard.isLate(key)) return send(key, command, isForOthers);
    if (!isForOthers) throw new NotAsked('Redis answers too late');
    command().catch(() => undefined);
    throw new Error('Redis answers too late to be waited for');
  };

  return {
    async hmgetBuffer(key, ...fields) {
      const values = await run(key, () => client.hmgetBuffer(key, ...fields));
      // Those who have waited for what arrived together go on together.
      await guard.endOfTurn();
      return values;
    },
    defineScript({ name, keyCount, lua, isForOthers }) {
      client.defineCommand(name, { numberOfKeys: keyCount, lua });
      // The client gains a method of that name, of which its types know nothing.
      const scripts = client as unknown as Readonly<Record<string, RunScript>>;
      return (key, ...args) =>
        run(key, async () => scripts[`${name}Buffer`]?.(key, ...args), isForOthers);
    },
  };
}
