// What the command line of a fuzz run asks for.
import { parseArgs } from 'node:util';

/** A run, as it was asked for. */
export interface FuzzArguments {
  readonly seed: number;
  readonly requests: number;
  /** The number of the one exchange to repeat; null for a whole run. */
  readonly only: number | null;
}

const DEFAULTS = { seed: '360', requests: '100000' };

/** Reads the arguments. Throws an `Error` for what is none, or is no whole number. */
export function parseArguments(args: readonly string[]): FuzzArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: DEFAULTS.seed },
      requests: { type: 'string', default: DEFAULTS.requests },
      only: { type: 'string' },
    },
  });
  return {
    seed: wholeNumber('--seed', values.seed),
    requests: wholeNumber('--requests', values.requests),
    only: values.only === undefined ? null : wholeNumber('--only', values.only),
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new Error(`${name} must be a whole number.`);
  }
  return value;
}
