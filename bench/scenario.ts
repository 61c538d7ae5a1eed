// The shape of one scenario: what it compares, and the rows that it finds.
import type { Bench } from './harness/bench.ts';

/** One comparison, in a file of its own. */
export interface Scenario {
  /** As on the command line. */
  readonly name: string;
  /** One line: what is compared with what. */
  readonly title: string;
  /** Measures. Throws if what it measures does not work. */
  run(bench: Bench): Promise<readonly Row[]>;
}

/** A line of the result: a figure, with or without a target, or why there is none. */
export type Row = Figure | LeftOut;

/** What was measured. */
export interface Figure {
  readonly name: string;
  readonly figure: number;
  /** What the figure counts, such as `×`, `ms`, `MB` or `requests/s`. */
  readonly unit: Unit;
  readonly target?: Target;
}

/** The units of figures. */
export type Unit =
  | '×'
  | '%'
  | 'ms'
  | 'kB'
  | 'MB'
  | 'requests/s'
  | 'calls'
  | 'calls/customer'
  | 'callers'
  | 'customers';

/** What a figure is to reach. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** What could not be measured here. */
export interface LeftOut {
  readonly name: string;
  /** The reason, and what to do about it. */
  readonly leftOut: string;
}

/** Whether a figure is what it is to be; undefined for one without a target. */
export function isReached({ figure, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return 'atLeast' in target ? figure >= target.atLeast : figure <= target.atMost;
}
