// The bound on the time of one whole answer, everything below included.
import { Problem } from '../domain/problem.ts';
import type { Layer } from '../domain/source.ts';

/**
 * Does work with a signal that ends after `deadlineMs`.
 * @throws {Problem} `upstream-timeout` for whatever the work throws after that; else what it throws
 */
export async function withDeadline<Result>(
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    return await work(signal);
  } catch (error) {
    throw signal.aborted ? new Problem('upstream-timeout', { cause: error }) : error;
  }
}

/** The layer for it. Within a longer answer that has a deadline already, that one holds. */
export function deadline<Query, Answer>(deadlineMs: number): Layer<Query, Answer> {
  return (next) => (query, context) =>
    context.signal
      ? next(query, context)
      : withDeadline(deadlineMs, (signal) => next(query, { ...context, signal }));
}
