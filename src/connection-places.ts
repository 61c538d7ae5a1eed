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

/** At 10 kB each, or 24 with a head of which the end is missing: 120 to 290 MB. */
const MOST_CALLERS = 12_000;
const MOST_OPS = 100;
/** Files that are left for calls to 8x8 and what else the process does: half of them where there are few. */
const FILES_LEFT = 1_000;
const FILES_LEFT_SHARE = 1 / 2;
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
  const limit = (most: number, files: number): ConnectionLimit => ({
    most: Math.min(most, Math.floor(files)),
    onRefusal,
  });
  const filesLeft = Math.min(FILES_LEFT, openFiles * FILES_LEFT_SHARE);
  return {
    callers: limit(MOST_CALLERS, openFiles - filesLeft),
    ops: limit(MOST_OPS, openFiles * OPS_SHARE),
  };
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
