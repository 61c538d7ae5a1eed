// What a row of the table is: a fault, how it begins and ends, and what answers it may lead to.
import type { Sample } from './sample.ts';
import type { TopologyName } from './topology.ts';
import type { World } from './world.ts';

/** A fault that has begun. */
export interface BegunFault {
  /** Ends it. Resolves when the run has put back what the fault took. Returns what was not as it should be. */
  end(): Promise<readonly string[]>;
  /** Whether a request may be lost: a process that dies had it in hand. Absent: none may. */
  readonly mayLose?: (sample: Sample) => boolean;
}

/** A row. */
export interface Row {
  readonly name: string;
  readonly about: string;
  readonly kind: 'redis' | '8x8' | 'process';
  readonly topology: TopologyName;
  /** The problems that customers whom nobody has asked for may get meanwhile; absent: none. */
  readonly problems?: readonly string[];
  /** It ends by itself: the time to recover counts from its beginning. */
  readonly endsAlone?: boolean;
  /** Fields of answers may be missing. */
  readonly damagesAnswers?: boolean;
  /** Puts other replicas in the place of the usual ones, before the load begins. Returns what puts them back. */
  prepare?(world: World): Promise<() => Promise<void>>;
  begin(world: World): Promise<BegunFault>;
}
