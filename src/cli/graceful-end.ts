// The end of a process, by a signal or an error: its work is ended first, and an error is told.
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import { internalError } from '../telemetry/events.ts';
import { logEvents } from '../telemetry/logging.ts';

/** Why a process ends; `isFault` after an error that nobody handled, which has been told. */
export interface EndReason {
  readonly isFault: boolean;
  readonly signal: NodeJS.Signals | undefined;
}

interface GracefulEndOptions {
  readonly logger: Logger;
  /** Signals that others handle. */
  readonly except?: readonly closeWithGrace.Signals[];
}

/** Does `end` before the process ends, however long it takes. Returns what ends the process without a signal. */
export function endGracefully(
  { logger, except = [] }: GracefulEndOptions,
  end: (reason: EndReason) => Promise<void>,
): () => void {
  const tell = (error: unknown) => logEvents(logger)(internalError(error, null));
  const skip: closeWithGrace.AllEvents[] = ['beforeExit', ...except];
  const settings = { delay: false, logger: false, skip, onSecondError: tell } as const;
  const { close } = closeWithGrace(settings, async ({ err, signal }) => {
    if (err) tell(err);
    await end({ isFault: err !== undefined, signal });
  });
  return () => void close();
}
