// Work that is done again and again.

/** Runs something again and again, and does not keep the process from ending; returns what ends that. */
export function everyUnreferenced(run: () => void, delayMs: number): () => void {
  const timer = setInterval(run, delayMs).unref();
  return () => clearInterval(timer);
}
