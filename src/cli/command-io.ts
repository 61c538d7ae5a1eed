// What a command may touch of the world around it.
import type { Variables } from '../config/environment.ts';

/** Where a command reads from and writes to. */
export interface CommandIo {
  readonly env: Variables;
  /** The text of a file. Throws when it cannot be read. */
  readonly readFile: (path: string) => string;
  /** Writes to the standard output. */
  readonly write: (text: string) => void;
  /** Writes to the standard error. */
  readonly fail: (text: string) => void;
}

/** Exit codes as in sysexits.h. */
export const EXIT = { ok: 0, usage: 64, unavailable: 69, configuration: 78 } as const;

/** The command that the first process gives to its workers; for nobody else. */
export const WORKER_COMMAND = 'worker';
