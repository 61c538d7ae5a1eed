// The commands of Redis that the service uses, refused at once while there is no connection.
import type { Cluster, Redis } from 'ioredis';

/** What stores and quotas ask of Redis. Each may reject, and none waits for a connection. */
export interface RedisCommands {
  hgetBuffer(key: string, field: string): Promise<Buffer | null>;
  eval(script: string, keyCount: number, ...args: (string | number | Buffer)[]): Promise<unknown>;
}

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
    hgetBuffer: (key, field) => run(() => client.hgetBuffer(key, field)),
    eval: (script, keyCount, ...args) => run(() => client.eval(script, keyCount, ...args)),
  };
}
