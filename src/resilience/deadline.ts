// The layer that bounds the time of one whole answer, everything below it included.
import { Problem } from '../domain/problem.ts';
import type { Layer } from '../domain/source.ts';

/**
 * Gives what lies below a signal that ends after `deadlineMs`, and fails with `upstream-timeout` then.
 * Within a longer answer that has a deadline already, that one holds.
 */
export function deadline<Query, Answer>(deadlineMs: number): Layer<Query, Answer> {
  return (next) => async (query, context) => {
    if (context.signal) return next(query, context);
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      return await next(query, { ...context, signal });
    } catch (error) {
      throw signal.aborted ? new Problem('upstream-timeout', { cause: error }) : error;
    }
  };
}
