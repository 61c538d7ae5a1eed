// The bound on the time of one try, within whatever bounds the whole.

/**
 * Does work with a signal that ends after `timeoutMs` with a `TimeoutError`, or when the outer one does, with its
 * reason. By listeners that are taken off again: composite signals cost a call more, and the collector still more.
 */
export async function withTimeout<Result>(
  { timeoutMs, outer }: { readonly timeoutMs: number; readonly outer: AbortSignal | undefined },
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const follow = () => controller.abort(outer?.reason);
  const timer = setTimeout(() => controller.abort(newTimeoutError()), timeoutMs);
  outer?.addEventListener('abort', follow);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', follow);
  }
}

function newTimeoutError(): DOMException {
  return new DOMException('There was no answer in time', 'TimeoutError');
}
