// How long to wait before a worker that has died is replaced.

/** Counts deaths and says how long each one's replacement waits. */
export interface RestartWaits {
  /** The wait in milliseconds after the death of a worker that has lived for so long. */
  afterDeath(livedMs: number): number;
}

const YOUNG_MS = 10_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/**
 * None after a life of ten seconds or more, and none after the first early death;
 * then waits that double from 250 ms to five seconds, until one has lived for long again.
 */
export function createRestartWaits(): RestartWaits {
  let earlyDeaths = 0;
  return {
    afterDeath(livedMs) {
      earlyDeaths = livedMs < YOUNG_MS ? earlyDeaths + 1 : 0;
      if (earlyDeaths < 2) return 0;
      return Math.min(FIRST_WAIT_MS * 2 ** (earlyDeaths - 2), LONGEST_WAIT_MS);
    },
  };
}
