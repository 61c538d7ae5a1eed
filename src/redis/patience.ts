// How long replies of Redis are waited for.

/** There was no reply in time; the command may be done all the same. */
export class OverdueReply extends Error {
  constructor() {
    super('A command to Redis timed out');
  }
}

/** Waits for a reply no longer than is worth it. */
export type Within = <Result>(command: Promise<Result>) => Promise<Result>;

/** How often it is looked whether a reply is overdue. */
const LOOK_EVERY_MS = 5;
/** A look that comes late shows that this process, or the machine, has much to do, and Redis may not be late at all. */
const MOST_BETWEEN_LOOKS_MS = 5;

/** A reply that is waited for, and how much longer. */
interface Wait {
  leftMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Creates what rejects with an {@link OverdueReply} where a reply is missing for `timeoutMs`. One timer does for all
 * commands under way: one for each takes longer than some of them.
 */
export function createPatience(timeoutMs: number): Within {
  const waits = new Set<Wait>();
  let timer: NodeJS.Timeout | undefined;
  let lookedAt = 0;

  const look = () => {
    const now = performance.now();
    const elapsedMs = Math.min(now - lookedAt, MOST_BETWEEN_LOOKS_MS);
    lookedAt = now;
    for (const wait of waits) {
      wait.leftMs -= elapsedMs;
      if (wait.leftMs > 0) continue;
      waits.delete(wait);
      // What has arrived by now is read before this.
      setImmediate(() => wait.reject(new OverdueReply()));
    }
    if (waits.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return <Result>(command: Promise<Result>): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    // The first look may come at once.
    const wait = { leftMs: timeoutMs + LOOK_EVERY_MS, reject };
    waits.add(wait);
    if (timer === undefined) {
      lookedAt = performance.now();
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
  };
}
