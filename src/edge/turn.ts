// Turns of the event loop: requests that arrive together are read first, and then answered together.

/** Resolves when everything that had arrived before the present turn of the event loop has been read. */
export type EndOfTurn = () => Promise<void>;

/**
 * All who ask within a turn are given one promise, so that they go on one after the other, step by step. Answering
 * each request as soon as it is read costs more than twice the time for each (`npm run bench -- hot-hit`): the code of
 * every step has left the processor's caches by the next request, and each reply wakes the other side on its own.
 */
export function createEndOfTurn(): EndOfTurn {
  let end: Promise<void> | undefined;
  return () => {
    end ??= new Promise((resolve) => {
      setImmediate(() => {
        end = undefined;
        resolve();
      });
    });
    return end;
  };
}
