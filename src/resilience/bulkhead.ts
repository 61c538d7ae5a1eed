// The layer that bounds the calls under way to a region, and those that wait for one of them to end.
import { BulkheadRejectedError, bulkhead as createPolicy, TaskCancelledError } from 'cockatiel';
import { Problem } from '../domain/problem.ts';
import type { Region } from '../domain/region.ts';
import type { Layer } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';
import { createFullnessWatch } from './fullness-watch.ts';

/** The places for calls to one region. */
export interface Bulkhead {
  /**
   * Does work when there is a place for it; work for which nobody waits only if there is one now.
   * @throws {Problem} `overloaded` if there is none, nor a place to wait; else what the work throws
   */
  run<Result>(work: () => Promise<Result>, wanted: Wanted): Promise<Result>;
  /** How they are taken now. */
  taken(): TakenPlaces;
}

/** Numbers of calls. */
export interface TakenPlaces {
  readonly underWay: number;
  readonly waiting: number;
}

/** Who wants it, and until when. */
interface Wanted {
  readonly isBackground?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface BulkheadOptions {
  /** The most calls under way. */
  readonly calls: number;
  /** The most that wait. */
  readonly waiting: number;
  /** Told of each that is refused. */
  readonly onRefusal: () => void;
  /** Told when calls are refused since too many wait, and when they are taken again. */
  readonly onChange: (state: 'full' | 'free') => void;
  /** Runs something again and again; returns what ends that. */
  readonly every: (run: () => void, delayMs: number) => () => void;
}

/** Creates the places. */
export function createBulkhead(options: BulkheadOptions): Bulkhead {
  const { calls, waiting, onRefusal, onChange, every } = options;
  const places = createPolicy(calls, waiting);
  const watch = createFullnessWatch({ hasRoom: () => places.queueSlots > 0, onChange, every });
  const refusal = (reason: string) => {
    onRefusal();
    return new Problem('overloaded', { reason });
  };
  return {
    async run(work, { isBackground, signal }) {
      if (isBackground && places.executionSlots === 0) throw refusal('calls-under-way');
      try {
        return await places.execute(work, signal);
      } catch (error) {
        if (error instanceof BulkheadRejectedError) {
          watch.noteRefusal();
          throw refusal('calls-waiting');
        }
        if (error instanceof TaskCancelledError) throw refusal('waited-too-long');
        throw error;
      }
    },
    taken: () => ({
      underWay: calls - places.executionSlots,
      waiting: waiting - places.queueSlots,
    }),
  };
}

/** The layer for it. */
export function bulkhead<Query extends { readonly tenant: Tenant }, Answer>(
  bulkheads: Readonly<Record<Region, Bulkhead>>,
): Layer<Query, Answer> {
  return (next) => (query, context) =>
    bulkheads[query.tenant.region].run(() => next(query, context), context);
}
