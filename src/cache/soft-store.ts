// A shared store that may fail without harm: what cannot be read is a miss, what cannot be written is not kept.
import type { Emit } from '../telemetry/events.ts';
import type { Head, RedisStore, Shared, Turn, Writing } from './redis-store.ts';

/** The verbs of a shared store; but for `erase` none rejects. */
export interface SoftStore extends Pick<RedisStore, 'write' | 'erase' | 'renew'> {
  /** Null if the store fails, and so for the two below. */
  read(...args: Parameters<RedisStore['read']>): Promise<Shared | null>;
  head(...args: Parameters<RedisStore['head']>): Promise<Head | null>;
  take(...args: Parameters<RedisStore['take']>): Promise<Turn | null>;
  fill(...args: Parameters<RedisStore['fill']>): Promise<Writing | 'failed'>;
  release(...args: Parameters<RedisStore['release']>): Promise<'released' | 'failed'>;
}

/** Wraps a store so that its failures become events. An erasure that fails is not done without: it rejects. */
export function softStore(store: RedisStore, emit: Emit): SoftStore {
  const soft = <Result, Instead>(
    operation: 'read' | 'write' | 'lease',
    work: Promise<Result>,
    instead: Instead,
  ): Promise<Result | Instead> =>
    work.catch(() => {
      emit({ type: 'store-failed', operation });
      return instead;
    });
  return {
    read: (...args) => soft('read', store.read(...args), null),
    head: (key) => soft('read', store.head(key), null),
    write: (...args) => soft('write', store.write(...args), false),
    erase: (identity) => store.erase(identity),
    take: (...args) => soft('lease', store.take(...args), null),
    // A lease that cannot be asked about may well be ours still.
    renew: (...args) => soft('lease', store.renew(...args), true),
    fill: (...args) => soft('write', store.fill(...args), 'failed' as const),
    release: (...args) => soft('lease', store.release(...args), 'failed' as const),
  };
}
