// What must end with whoever started it: a test, or a command that has no test around it.

/** Does something at the end. A test's context is one. */
export interface Ending {
  after(end: () => Promise<void> | void): void;
}

/** An ending that is told when the end is: what was started last ends first. */
export interface ToldEnding extends Ending {
  /** Ends everything once. Throws the first error, when all else has been ended. */
  end(): Promise<void>;
}

/** Creates an ending for a command, or for a part of a test. */
export function createEnding(): ToldEnding {
  const ends: (() => Promise<void> | void)[] = [];
  return {
    after: (end) => void ends.push(end),
    async end() {
      const errors: unknown[] = [];
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
        try {
          await end();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
