// Where log lines go: to a file descriptor, those of one turn of the event loop in one write.
import { type DestinationStream, pino } from 'pino';

/** Lines on their way to a file descriptor. */
export interface LogOutput extends DestinationStream {
  /** Writes what is still held, for the end of the process. */
  flush(): void;
}

/** More than this is written at once, within the turn too. */
const MAX_HELD_CHARACTERS = 16 * 1024;

/** Creates an output. A line is held until the present turn of the event loop is over, and no longer. */
export function createLogOutput(fileDescriptor: number): LogOutput {
  const output = pino.destination({ dest: fileDescriptor, sync: true });
  let held = '';
  const flush = () => {
    if (held === '') return;
    output.write(held);
    held = '';
  };
  return {
    write(line) {
      if (held === '') setImmediate(flush);
      held += line;
      if (held.length > MAX_HELD_CHARACTERS) flush();
    },
    flush,
  };
}

/** The field `time` of a line, ISO-8601 UTC, made once for each millisecond. `now` tells Unix milliseconds. */
export function createTimestamp(now: () => number): () => string {
  let at = Number.NaN;
  let field = '';
  return () => {
    const present = now();
    if (present !== at) {
      at = present;
      field = `,"time":"${new Date(at).toISOString()}"`;
    }
    return field;
  };
}
