// The bound on the time of one whole answer, everything below included.
import { Problem } from '../domain/problem.ts';
import type { Layer } from '../domain/source.ts';

/** Enough to look once more for what is kept, which may be used where fetching has failed. */
const GRACE_MS = 100;

/**
 * Does work with a signal that ends after `deadlineMs`. What the work then still brings of what it has is brought; no
 * longer is waited, whatever it does; unless it has lifted the deadline, since what remains is not what that is for.
 * `endsAt` is when the signal will end, by `performance.now()`.
 * @throws {Problem} `upstream-timeout` for all that is thrown then; before that what the work throws
 */
export async function withDeadline<Result>(
  deadlineMs: number,
  work: (signal: AbortSignal, endsAt: number, lift: () => void) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const endsAt = performance.now() + deadlineMs;
  let timer = setTimeout(() => {
    timer = setTimeout(reject, GRACE_MS);
    controller.abort();
  }, deadlineMs);
  try {
    return await Promise.race([work(controller.signal, endsAt, () => clearTimeout(timer)), ended]);
  } catch (cause) {
    throw controller.signal.aborted ? new Problem('upstream-timeout', { cause }) : cause;
  } finally {
    clearTimeout(timer);
  }
}

/** The layer for it. Within a longer answer that has a deadline already, that one holds. */
export function deadline<Query, Answer>(deadlineMs: number): Layer<Query, Answer> {
  return (next) => (query, context) =>
    context.signal
      ? next(query, context)
      : withDeadline(deadlineMs, (signal, endsAt) => next(query, { ...context, signal, endsAt }));
}
