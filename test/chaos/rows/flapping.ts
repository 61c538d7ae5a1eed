// A Redis that goes and comes, time and again.
import { setTimeout as delay } from 'node:timers/promises';
import type { Replica } from '../../support/replica-processes.ts';
import type { Row } from '../row.ts';

/** Nobody opens more than two connections each time, so that the rule about a storm of them holds. */
const TIMES = 10;
const GONE_MS = 300;
const THERE_MS = 300;
/** What a replica may write of it each time: that it is gone, that it is there, and what follows from either. */
const MOST_LINES_A_TIME = 6;

/** The row. */
export const FLAPPING_ROW: Row = {
  name: 'redis-flapping',
  about: `Redis is killed and comes back empty up to ${TIMES} times, ${GONE_MS} ms each`,
  kind: 'redis',
  topology: 'single',
  async begin({ topology: { single }, replicas }) {
    if (single === undefined) throw new TypeError('There is no single Redis.');
    let isOver = false;
    let times = 0;
    const flap = async () => {
      while (!isOver && times < TIMES) {
        times += 1;
        await single.kill();
        await delay(GONE_MS);
        await single.start();
        await delay(THERE_MS);
      }
    };
    for (const replica of replicas) replica.forget();
    const flapping = flap();
    flapping.catch(() => undefined);
    return {
      async end() {
        isOver = true;
        await flapping;
        return replicas.flatMap((replica) => floodFindings(replica, times * MOST_LINES_A_TIME));
      },
    };
  },
};

function floodFindings(replica: Replica, mostLines: number): readonly string[] {
  const lines = replica.output().match(/^\{.*"msg":"(?!request").*$/gm) ?? [];
  if (lines.length <= mostLines) return [];
  return [`A replica wrote ${lines.length} lines, where ${mostLines} are allowed: ${lines.at(-1)}`];
}
