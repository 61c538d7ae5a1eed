// How much a server does: in a second, and in a second of its processor time, which other work leaves alone.
import type { Row, Target } from '../scenario.ts';
import type { Bench } from './bench.ts';
import { median, ratio } from './figures.ts';
import { processorSeconds } from './kernel.ts';
import { type Load, type LoadFigures, loadWithWrk } from './load.ts';
import type { Server } from './processes.ts';

/** What a server did under load. */
export interface Throughput {
  readonly perSecond: number;
  /** By the processor time of its busiest process; NaN where that cannot be read. */
  readonly perBusiestSecond: number;
}

/** Loads a server for one round. */
export async function measureThroughput(
  bench: Bench,
  { origin, process }: Server,
  load: Omit<Load, 'origin' | 'until'>,
): Promise<Throughput> {
  const until = { seconds: bench.pace.seconds };
  const before = await processorSeconds(process.pid);
  const figures: LoadFigures = await loadWithWrk(bench, { ...load, origin, until });
  const after = await processorSeconds(process.pid);
  const used = [...after].map(([pid, seconds]) => seconds - (before.get(pid) ?? 0));
  return {
    perSecond: figures.requestsPerSecond,
    perBusiestSecond: used.length === 0 ? Number.NaN : figures.requests / Math.max(...used),
  };
}

/** A ratio of requests/s with its target, if it has one, and beside it the one of processor time. */
export function ratioRows(
  name: string,
  { ours, theirs }: { ours: readonly Throughput[]; theirs: readonly Throughput[] },
  target?: Target,
): Row[] {
  const by = (of: (found: Throughput) => number) => ratio(ours.map(of), theirs.map(of));
  const byProcessor = by(({ perBusiestSecond }) => perBusiestSecond);
  const figure = by(({ perSecond }) => perSecond);
  const rows: Row[] = [{ name, figure, unit: '×', ...(target && { target }) }];
  if (!Number.isNaN(byProcessor)) {
    rows.push({ name: `${name}, by processor time`, figure: byProcessor, unit: '×' });
  }
  return rows;
}

/** The requests/s of a server. */
export function throughputRow(name: string, found: readonly Throughput[]): Row {
  const figure = median(found.map(({ perSecond }) => perSecond));
  return { name, figure, unit: 'requests/s' };
}

/** The better of several servers, round by round, by requests/s. */
export function bestOf(servers: readonly (readonly Throughput[])[]): Throughput[] {
  const [first = [], ...others] = servers;
  return first.map((throughput, round) =>
    others.reduce((best, { [round]: other }) => better(best, other), throughput),
  );
}

function better(one: Throughput, other: Throughput | undefined): Throughput {
  return other !== undefined && other.perSecond > one.perSecond ? other : one;
}
