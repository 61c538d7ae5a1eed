// What the command line of a fuzz run asks for.
import { parseArgs } from 'node:util';
import type { Setup } from './world.ts';

/** A run, as it was asked for. */
export interface FuzzArguments {
  readonly seed: number;
  readonly requests: number;
  /** The number of the one exchange to repeat; null for a whole run. */
  readonly only: number | null;
  /** The services to ask, one after the other; the requests are shared among them. */
  readonly setups: readonly Setup[];
}

const DEFAULTS = { seed: '360', requests: '100000' };

/** A process that has nothing beside it, and what differs most from it. */
const USUAL_SETUPS: readonly Setup[] = [
  { redis: false, workers: 1 },
  { redis: true, workers: 2 },
];

/** Reads the arguments. Throws an `Error` for what is none, or is no whole number. */
export function parseArguments(args: readonly string[]): FuzzArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: DEFAULTS.seed },
      requests: { type: 'string', default: DEFAULTS.requests },
      only: { type: 'string' },
      redis: { type: 'boolean', default: false },
      workers: { type: 'string' },
    },
  });
  return {
    seed: wholeNumber('--seed', values.seed),
    requests: wholeNumber('--requests', values.requests),
    only: values.only === undefined ? null : wholeNumber('--only', values.only),
    setups: readSetups(values),
  };
}

/** The command that asks one service again. */
export function commandOf({ seed, setup }: { seed: number; setup: Setup }): string {
  return `npm run fuzz -- --seed ${seed}${setup.redis ? ' --redis' : ''} --workers ${setup.workers}`;
}

function readSetups({ redis, workers }: { redis: boolean; workers?: string }): readonly Setup[] {
  if (!redis && workers === undefined) return USUAL_SETUPS;
  const count = wholeNumber('--workers', workers ?? '1');
  if (count === 0) throw new Error('--workers must be 1 at least.');
  return [{ redis, workers: count }];
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new Error(`${name} must be a whole number.`);
  }
  return value;
}
