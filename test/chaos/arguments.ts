// What the command line of `npm run chaos` asks for.
import { parseArgs } from 'node:util';

/** A run, as it was asked for. */
export interface ChaosArguments {
  /** Names of rows in the order given; empty means all, or the short list in several rounds. */
  readonly rows: readonly string[];
  /** How often to go through them; more than once shows what is left behind. */
  readonly rounds: number;
  /** How long each fault lasts. */
  readonly seconds: number;
  /** Where to write the figures as JSON. */
  readonly json: string | undefined;
  /** Only names the rows. */
  readonly list: boolean;
}

const SECONDS = 6;
/** In several rounds. */
const SHORT_SECONDS = 1;

/** Reads the arguments. Throws an `Error` that says what is wrong with them. */
export function parseArguments(args: readonly string[], known: readonly string[]): ChaosArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`Unknown rows: ${unknown.join(', ')}. --list names all.`);
  }
  const rounds = wholeNumber('--rounds', values.rounds);
  const usual = rounds > 1 ? SHORT_SECONDS : SECONDS;
  return {
    rows: [...new Set(positionals)],
    rounds,
    seconds: wholeNumber('--seconds', values.seconds ?? String(usual)),
    json: values.json,
    list: values.list,
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${name} must be a whole number from 1.`);
  return Number(text);
}
