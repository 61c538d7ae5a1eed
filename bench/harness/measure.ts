// Rounds in turn: A B C A B C, so that what disturbs the machine disturbs all of them alike.
import type { Bench } from './bench.ts';

/** One thing to measure, once a round. */
export type Measurement<Value> = (round: number) => Promise<Value>;

/**
 * Measures each of them once a round, in turn, and returns the values of all rounds. Rounds before
 * the first warm them up, for compilers take their time, and do not count; they have the number -1.
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
  say('  warming up');
  for (let warmUp = 0; warmUp < pace.warmUps; warmUp += 1) {
    for (const name of names) await measurements[name](-1);
  }
  for (let round = 0; round < pace.rounds; round += 1) {
    say(`  round ${round + 1} of ${pace.rounds}`);
    for (const name of names) values[name].push(await measurements[name](round));
  }
  return values;
}
