// Waiting for replies of Redis, by a clock that leaves out what this process itself was late.

/** There was no reply in time; the command may be done all the same. */
export class OverdueReply extends Error {
  constructor() {
    super('A command to Redis timed out');
  }
}

/** Waits for replies no longer than is worth it. */
export interface Patience {
  /** Waits for a reply, and rejects with an {@link OverdueReply} if it is missing for so long. */
  within<Result>(command: Promise<Result>, timeoutMs: number): Promise<Result>;
  /** Milliseconds of waiting; they only grow, and stand still while nothing is waited for. */
  waitedMs(): number;
}

/** How often it is looked whether a reply is overdue. */
const LOOK_EVERY_MS = 3;
/** A look that comes later shows that this process, or the machine, has much to do, and Redis may not be late at all. */
const MOST_BETWEEN_LOOKS_MS = 4;

/** A reply that is waited for, and until when. */
interface Wait {
  readonly untilMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Creates it. One timer does for all commands under way: one for each takes longer than some of them. `ticks` are
 * milliseconds that only grow.
 */
export function createPatience(ticks: () => number): Patience {
  const waits = new Set<Wait>();
  let timer: NodeJS.Timeout | undefined;
  let lookedAt = 0;
  let waitedThenMs = 0;

  const waitedMs = () => {
    if (timer === undefined) return waitedThenMs;
    return waitedThenMs + Math.min(ticks() - lookedAt, MOST_BETWEEN_LOOKS_MS);
  };

  const look = () => {
    waitedThenMs = waitedMs();
    lookedAt = ticks();
    for (const wait of waits) {
      if (waitedThenMs < wait.untilMs) continue;
      waits.delete(wait);
      // What has arrived by now is read before this.
      setImmediate(() => wait.reject(new OverdueReply()));
    }
    if (waits.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    waitedMs,
    within<Result>(command: Promise<Result>, timeoutMs: number): Promise<Result> {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const wait = { untilMs: waitedMs() + timeoutMs, reject };
      waits.add(wait);
      if (timer === undefined) {
        lookedAt = ticks();
        timer = setInterval(look, LOOK_EVERY_MS);
      }
      command.then(
        (result) => {
          waits.delete(wait);
          resolve(result);
        },
        (error: unknown) => {
          waits.delete(wait);
          reject(error);
        },
      );
      return promise;
    },
  };
}
