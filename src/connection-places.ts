// How many connections this process takes on its two ports, by what they cost.
import { readFileSync } from 'node:fs';
import type { ConnectionLimit } from './edge/connection-limit.ts';
import { everyUnreferenced } from './every.ts';
import { createFullnessWatch } from './resilience/fullness-watch.ts';
import type { Emit } from './telemetry/events.ts';

/** The limit of each port. */
export interface ConnectionPlaces {
  readonly callers: ConnectionLimit;
  readonly ops: ConnectionLimit;
}

/** At 10 kB each, or 24 with a head of which the end is missing: less than 100 MB. */
const MOST_CALLERS = 4_000;
const MOST_OPS = 100;
/** Of the files that may be open: the other half is for calls to 8x8 and what else the process does. */
const CALLERS_SHARE = 1 / 2;
const OPS_SHARE = 1 / 16;

/** Creates the limits, which tell when connections are refused, and when none was for a second. */
export function createConnectionPlaces(
  emit: Emit,
  openFiles: number = mostOpenFiles(),
): ConnectionPlaces {
  const watch = createFullnessWatch({
    hasRoom: () => true,
    onChange: (state) => emit({ type: 'connections', state }),
    every: everyUnreferenced,
  });
  const onRefusal = () => {
    emit({ type: 'connection-refused' });
    watch.noteRefusal();
  };
  const limit = (most: number, share: number): ConnectionLimit => ({
    most: Math.min(most, Math.floor(openFiles * share)),
    onRefusal,
  });
  return { callers: limit(MOST_CALLERS, CALLERS_SHARE), ops: limit(MOST_OPS, OPS_SHARE) };
}

/** As Linux tells it; elsewhere enough is taken for granted. Node itself has raised it as far as it may. */
function mostOpenFiles(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, most] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
