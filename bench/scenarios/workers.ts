// Two processes behind one port against one.
import type { Bench } from '../harness/bench.ts';
import { ratio } from '../harness/figures.ts';
import { loadHot, startHotService } from '../harness/hot-answer.ts';
import type { Cores } from '../harness/machine.ts';
import { inTurn } from '../harness/measure.ts';
import { type Throughput, throughputRow } from '../harness/throughput.ts';
import type { Row, Scenario } from '../scenario.ts';

/** The scenario. */
export const workers: Scenario = {
  name: 'workers',
  title:
    'WORKERS=2 against WORKERS=1, a hit in memory; where load needs one of two cores, by the requests for each second of the busiest process',
  run: compare,
};

const TARGET = { atLeast: 1.7 } as const;

async function compare(bench: Bench): Promise<readonly Row[]> {
  const { cores } = bench;
  if (cores === null) {
    return [{ name: 'two against one', leftOut: 'two cores and taskset (util-linux) are needed' }];
  }
  // The same cores for both, so that what else goes on there disturbs them alike.
  const shared = { cores: coresForTwo(cores) };
  const one = await startHotService(bench, { ...shared, workers: 1 });
  const two = await startHotService(bench, { ...shared, workers: 2 });
  const rounds = await inTurn(bench, {
    one: () => loadHot(bench, one),
    two: () => loadHot(bench, two),
  });
  const compared = (of: (found: Throughput) => number) =>
    ratio(rounds.two.map(of), rounds.one.map(of));
  const isMeasured = cores.all.length > 2;
  const measured = compared(({ perSecond }) => perSecond);
  const corrected = compared(({ perBusiestSecond }) => perBusiestSecond);
  return [
    {
      name: 'two against one, as measured',
      ...{ figure: measured, unit: '×', ...(isMeasured && { target: TARGET }) },
    },
    {
      name: 'two against one, by the busiest process',
      ...{ figure: corrected, unit: '×', ...(!isMeasured && { target: TARGET }) },
    },
    throughputRow('one', rounds.one),
    throughputRow('two', rounds.two),
  ];
}

/** Two without the load where there are three, else both. */
function coresForTwo({ all, load }: Cores): readonly number[] {
  const free = all.filter((core) => core !== load);
  return free.length >= 2 ? free.slice(0, 2) : all;
}
