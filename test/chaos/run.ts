// A whole run: a world for each kind of Redis, and in it all rows, as many rounds as are wanted.
import { setTimeout as delay } from 'node:timers/promises';
import { createEnding, type Ending } from '../support/ending.ts';
import { type Holdings, holdingsOf } from './gauges.ts';
import { leaksOf } from './leaks.ts';
import type { Row } from './row.ts';
import { type Breach, breachesOf } from './rules.ts';
import { type Pace, type RowResult, runRow } from './run-row.ts';
import { TOPOLOGIES } from './topology.ts';
import { startWorld, type World } from './world.ts';

/** What to run, and how. */
export interface RunOptions {
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly replicas: number;
  readonly pace: Pace;
  /** Whether rules about time are judged. */
  readonly timing: boolean;
  /** Told of each row when it is done. */
  readonly onRow?: (result: RowResult, breaches: readonly Breach[]) => void;
  /** Told of what each replica holds after a round. */
  readonly onRound?: (holdings: readonly Holdings[]) => void;
}

/** What a run has shown. It has failed if there is a breach. */
export interface RunResult {
  readonly results: readonly RowResult[];
  readonly breaches: readonly Breach[];
  /** By round, for each kind of Redis. */
  readonly holdings: readonly (readonly Holdings[])[];
}

/** Connections that nobody uses are gone by then. */
const REST_MS = 3_000;

/** Runs it. What it starts ends with it, or with `t` if that comes first. */
export async function runAll(t: Ending, options: RunOptions): Promise<RunResult> {
  const parts: RunResult[] = [];
  for (const topology of TOPOLOGIES) {
    const rows = options.rows.filter((row) => row.topology === topology);
    if (rows.length === 0) continue;
    const part = createEnding();
    t.after(part.end);
    const world = await startWorld(part, { topology, replicas: options.replicas });
    parts.push(await runRounds(world, { ...options, rows }));
    await part.end();
  }
  return {
    results: parts.flatMap(({ results }) => results),
    breaches: parts.flatMap(({ breaches }) => breaches),
    holdings: parts.flatMap(({ holdings }) => holdings),
  };
}

async function runRounds(world: World, options: RunOptions): Promise<RunResult> {
  const results: RowResult[] = [];
  const breaches: Breach[] = [];
  const holdings: (readonly Holdings[])[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const row of options.rows) {
      const judged = await judgeRow(world, row, options);
      results.push(judged.result);
      breaches.push(...judged.breaches);
      options.onRow?.(judged.result, judged.breaches);
    }
    if (options.rounds === 1) break;
    await world.balancer.rest();
    await delay(REST_MS);
    const held = await Promise.all(world.replicas.map(holdingsOf));
    holdings.push(held);
    options.onRound?.(held);
  }
  return { results, breaches: [...breaches, ...leaksOf(holdings)], holdings };
}

/** A row that was only slow is gone through once more: somebody else may have kept the machine busy. */
async function judgeRow(
  world: World,
  row: Row,
  { pace, timing }: RunOptions,
): Promise<{ readonly result: RowResult; readonly breaches: readonly Breach[] }> {
  const result = await runRow(world, row, pace);
  const breaches = breachesOf(result, { timing });
  const isOnlySlow = breaches.length > 0 && breachesOf(result, { timing: false }).length === 0;
  if (!isOnlySlow) return { result, breaches };
  const second = await runRow(world, row, pace);
  return { result: second, breaches: breachesOf(second, { timing }) };
}
