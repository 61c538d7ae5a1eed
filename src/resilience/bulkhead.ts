// The layer that bounds the calls under way to a region, and those that wait for one of them to end.
import { Problem } from '../domain/problem.ts';
import type { Region } from '../domain/region.ts';
import type { Layer } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';
import { createFairPlaces, type TakenPlaces } from './fair-places.ts';
import { createFullnessWatch } from './fullness-watch.ts';

/** The places for calls to one region. */
export interface Bulkhead {
  /**
   * Does work when there is a place for it, and its app's turn; work for which nobody waits only if there is one now.
   * @throws {Problem} `overloaded` if there is none, nor a place to wait; else what the work throws
   */
  run<Result>(work: () => Promise<Result>, wanted: Wanted): Promise<Result>;
  /** How they are taken now. */
  taken(): TakenPlaces;
}

/** Who wants it, and until when. */
interface Wanted {
  readonly app: string;
  readonly isBackground?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** By `performance.now()`. */
  readonly endsAt?: number | undefined;
}

interface BulkheadOptions {
  /** The most calls under way. */
  readonly calls: number;
  /** The most that wait. */
  readonly waiting: number;
  /** What a call may take: who waits gives up while so much is left, since a call that is cut short is lost. */
  readonly callMs: number;
  /** Told of each that is refused. */
  readonly onRefusal: () => void;
  /** Told when calls are refused since too many wait, and when they are taken again. */
  readonly onChange: (state: 'full' | 'free') => void;
  /** Runs something again and again; returns what ends that. */
  readonly every: (run: () => void, delayMs: number) => () => void;
}

/** Creates the places. */
export function createBulkhead(options: BulkheadOptions): Bulkhead {
  const { calls, waiting, callMs, onRefusal, onChange, every } = options;
  const places = createFairPlaces(calls, waiting);
  const watch = createFullnessWatch({ hasRoom: () => places.hasRoomToWait, onChange, every });
  const refusal = (reason: string) => {
    onRefusal();
    return new Problem('overloaded', { reason });
  };
  return {
    async run(work, { app, isBackground, signal, endsAt = Infinity }) {
      if (isBackground && !places.hasFree) throw refusal('calls-under-way');
      const waitMs = endsAt - performance.now() - callMs;
      const taken = places.take(app, { signal, waitMs });
      const turn = taken instanceof Promise ? await taken : taken;
      if (turn === 'crowded-out') {
        watch.noteRefusal();
        throw refusal('calls-waiting');
      }
      if (turn === 'waited-too-long') throw refusal('waited-too-long');
      try {
        return await work();
      } finally {
        places.giveBack(app);
      }
    },
    taken: places.taken,
  };
}

/** The layer for it. */
export function bulkhead<Query extends { readonly tenant: Tenant }, Answer>(
  bulkheads: Readonly<Record<Region, Bulkhead>>,
): Layer<Query, Answer> {
  return (next) => (query, context) =>
    bulkheads[query.tenant.region].run(() => next(query, context), context);
}
