// How many connections this process takes on its two ports, by what they cost.
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { ConnectionLimit } from './edge/connection-limit.ts';
import { everyUnreferenced } from './every.ts';
import { createFullnessWatch } from './resilience/fullness-watch.ts';
import type { Emit } from './telemetry/events.ts';

/** The limit of each port. */
export interface ConnectionPlaces {
  readonly callers: ConnectionLimit;
  readonly ops: ConnectionLimit;
}

/** What connections may take of. */
export interface Room {
  /** How many files the process may open. */
  readonly openFiles: number;
  /** The process's part of memory. */
  readonly memoryBytes: number;
}

const MOST_CALLERS = 12_000;
const MOST_OPS = 100;
/** With a head of which the end is missing; else 10 kB, or 16. */
const MOST_BYTES_EACH = 24_000;
const MEMORY_SHARE = 1 / 4;
/** Files that are left for calls to 8x8 and what else the process does: half of them where there are few. */
const FILES_LEFT = 1_000;
const FILES_LEFT_SHARE = 1 / 2;
const OPS_SHARE = 1 / 16;

/** Creates the limits, which tell when connections are refused, and when none was for a second. */
export function createConnectionPlaces(
  emit: Emit,
  { openFiles, memoryBytes }: Room,
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
  const limit = (...bounds: readonly number[]): ConnectionLimit => ({
    most: Math.floor(Math.min(...bounds)),
    onRefusal,
  });
  const filesLeft = Math.min(FILES_LEFT, openFiles * FILES_LEFT_SHARE);
  const inMemory = (memoryBytes * MEMORY_SHARE) / MOST_BYTES_EACH;
  return {
    callers: limit(MOST_CALLERS, openFiles - filesLeft, inMemory),
    ops: limit(MOST_OPS, openFiles * OPS_SHARE),
  };
}

/** The room of one process of so many that share a container, or a machine. */
export function roomOfProcess(processes: number): Room {
  // Without a container it is nothing, or more than there is.
  const ofContainer = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const memoryBytes = Math.min(ofContainer, totalmem()) / processes;
  return { openFiles: mostOpenFiles(), memoryBytes };
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
