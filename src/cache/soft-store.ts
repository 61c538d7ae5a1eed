// A store that may fail without harm: what cannot be read is a miss, what cannot be written is not kept.
import type { Emit } from '../telemetry/events.ts';
import type { Store } from './store.ts';

/** Wraps a store so that its failures become events. */
export function softStore(store: Store, emit: Emit): Store {
  return {
    read: (key) =>
      store.read(key).catch(() => {
        emit({ type: 'store-failed', operation: 'read' });
        return undefined;
      }),
    write: (key, entry) =>
      store.write(key, entry).catch(() => {
        emit({ type: 'store-failed', operation: 'write' });
        return false;
      }),
  };
}
