// Where log lines go: to a file descriptor, those of one turn of the event loop in as few writes as can be.
import { type DestinationStream, pino } from 'pino';

/** Lines on their way to a file descriptor. */
export interface LogOutput extends DestinationStream {
  /** Writes what is still held, for the end of the process. */
  flush(): void;
}

/** What a full pipe takes as a whole or not at all (`PIPE_BUF`): workers share one, and must not tear each other's lines. */
const MAX_WRITE_BYTES = 4_096;

/** Creates an output. A line is held until the present turn of the event loop is over, and no longer. */
export function createLogOutput(fileDescriptor: number): LogOutput {
  const output = pino.destination({ dest: fileDescriptor, sync: true });
  let held = '';
  let heldBytes = 0;
  let isTurnAwaited = false;
  const flush = () => {
    if (held === '') return;
    output.write(held);
    held = '';
    heldBytes = 0;
  };
  const onTurn = () => {
    isTurnAwaited = false;
    flush();
  };
  return {
    write(line) {
      const bytes = Buffer.byteLength(line);
      if (heldBytes + bytes > MAX_WRITE_BYTES) flush();
      held += line;
      heldBytes += bytes;
      if (isTurnAwaited) return;
      isTurnAwaited = true;
      setImmediate(onTurn);
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
