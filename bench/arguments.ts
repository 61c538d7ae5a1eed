// What the command line of the benchmarks asks for.

/** A run, as it was asked for. */
export interface BenchArguments {
  /** Names of scenarios in the order given; empty means all. */
  readonly scenarios: readonly string[];
  /** Fewer and shorter rounds. */
  readonly quick: boolean;
  /** A target that is missed is a failure of the run. */
  readonly strict: boolean;
  /** Only names the scenarios. */
  readonly list: boolean;
}

const FLAGS = ['--quick', '--strict', '--list'];

/** Reads the arguments. Throws an `Error` that names all that are neither a flag nor `known`. */
export function parseArguments(args: readonly string[], known: readonly string[]): BenchArguments {
  const unknown = args.filter((arg) => !FLAGS.includes(arg) && !known.includes(arg));
  if (unknown.length > 0) {
    throw new Error(
      `Unknown: ${unknown.join(', ')}. Scenarios: ${known.join(', ')}. Flags: ${FLAGS.join(', ')}.`,
    );
  }
  return {
    scenarios: [...new Set(args.filter((arg) => known.includes(arg)))],
    quick: args.includes('--quick'),
    strict: args.includes('--strict'),
    list: args.includes('--list'),
  };
}
