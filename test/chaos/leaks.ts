// What is left behind: memory, files and handles of replicas after many rounds, beside those after the third.
import type { Holdings } from './gauges.ts';
import type { Breach } from './rules.ts';

/** The round after which all that is needed has been loaded and grown. */
const SETTLED_ROUND = 3;
/** What may be more, since collections of garbage and connections come and go. */
const TOLERANCE = { residentShare: 0.15, residentBytes: 20_000_000, openFiles: 10, handles: 10 };

/** What has grown, of replicas that were there all the time. Needs more than three rounds to find anything. */
export function leaksOf(rounds: readonly (readonly Holdings[])[]): readonly Breach[] {
  const [settled, last] = [rounds[SETTLED_ROUND - 1], rounds.at(-1)];
  if (settled === undefined || last === undefined || rounds.length <= SETTLED_ROUND) return [];
  return last.flatMap((now) => {
    const then = settled.find(({ pid }) => pid === now.pid);
    return then === undefined ? [] : growthOf(then, now);
  });
}

function growthOf(then: Holdings, now: Holdings): readonly Breach[] {
  const mostBytes = then.residentBytes * (1 + TOLERANCE.residentShare) + TOLERANCE.residentBytes;
  const grown: readonly (readonly [name: string, is: number, most: number])[] = [
    ['bytes of memory', now.residentBytes, mostBytes],
    ['open files', now.openFiles, then.openFiles + TOLERANCE.openFiles],
    ['handles', now.handles, then.handles + TOLERANCE.handles],
  ];
  return grown
    .filter(([, is, most]) => !(is <= most))
    .map(([name, is, most]) => ({
      row: 'all rounds',
      rule: 'no-leak',
      message: `process ${now.pid} has ${is} ${name}, where ${Math.round(most)} are allowed`,
    }));
}
