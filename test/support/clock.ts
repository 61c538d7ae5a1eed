// A clock that a test moves on.

/** The present, and a way to let time pass. */
export interface TestClock {
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly pass: (ms: number) => void;
}

/** Creates a clock that stands at an instant. */
export function createClock(at: number): TestClock {
  let present = at;
  return {
    now: () => present,
    pass: (ms) => {
      present += ms;
    },
  };
}
