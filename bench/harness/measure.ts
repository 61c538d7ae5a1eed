// Rounds in turn: A B C A B C, so that what disturbs the machine disturbs all of them alike.
import type { Bench } from './bench.ts';

/** One thing to measure, once a round. */
export type Measurement<Value> = (round: number) => Promise<Value>;

/**
 * Measures each of them once a round, in turn, and returns the values of all rounds. A round before
 * the first warms them up and does not count; it has the number -1.
 */
export async function inTurn<Name extends string, Value>(
  { pace, say }: Pick<Bench, 'pace' | 'say'>,
  measurements: Readonly<Record<Name, Measurement<Value>>>,
): Promise<Record<Name, Value[]>> {
  const names = Object.keys(measurements) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Value[]
  >;
  for (let round = -1; round < pace.rounds; round += 1) {
    say(round < 0 ? '  warming up' : `  round ${round + 1} of ${pace.rounds}`);
    for (const name of names) {
      const value = await measurements[name](round);
      if (round >= 0) values[name].push(value);
    }
  }
  return values;
}
