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
/** A look that comes later than this shows that this process, or the machine, has much to do, */
const LATE_AFTER_MS = 10;
/** so that Redis may not be late at all: of that time so much counts, */
const COUNTS_IF_LATE_MS = 1;
/** up to this wait in all. */
const LONGEST_MS = 500;

/** A reply that is waited for, and how much longer. */
interface Wait {
  leftMs: number;
  readonly endsAt: number;
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
    const elapsedMs = now - lookedAt;
    const countedMs = elapsedMs > LATE_AFTER_MS ? COUNTS_IF_LATE_MS : elapsedMs;
    lookedAt = now;
    for (const wait of waits) {
      wait.leftMs -= countedMs;
      if (wait.leftMs > 0 && now < wait.endsAt) continue;
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
    const now = performance.now();
    // The first look may come at once.
    const leftMs = timeoutMs + LOOK_EVERY_MS;
    const wait = { leftMs, endsAt: now + Math.max(leftMs, LONGEST_MS), reject };
    waits.add(wait);
    if (timer === undefined) {
      lookedAt = now;
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
