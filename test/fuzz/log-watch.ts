// Reads what a process and its workers write as it comes: lines of JSON, no fault of ours, no early end, no marked value.
import type { Readable } from 'node:stream';
import type { LeakSearch } from './leaks.ts';

/** What was found so far. */
export interface LogWatch {
  readonly breaches: readonly string[];
  readonly lines: number;
  /** The processes that have served callers. */
  readonly servers: ReadonlySet<string>;
}

/** What a line says that tells of an asked route: by its process, before anything that was sent. */
const SERVED = /^\{.*?"pid":(\d+),.*"route":"\/v1\//;
/** What the first process says when a worker has died; another takes its place, so that no caller may notice. */
const DEATH = /"msg":"a worker ended/;

const MOST_BREACHES = 20;

/** Watches a process. `forget` is called when there is nothing left to be done with what it wrote. */
export function watchLog(
  { stdout, stderr }: { stdout: Readable; stderr: Readable },
  find: LeakSearch,
  forget: () => void,
): LogWatch {
  const breaches: string[] = [];
  const servers = new Set<string>();
  const seen = { breaches, servers, lines: 0 };
  const note = (breach: string) => {
    if (breaches.length < MOST_BREACHES) breaches.push(breach);
  };
  stdout.on(
    'data',
    byLine((line) => {
      seen.lines += 1;
      const [, pid] = SERVED.exec(line) ?? [];
      if (pid !== undefined) servers.add(pid);
      for (const breach of checkLine(line, find)) note(breach);
      forget();
    }),
  );
  stderr.on(
    'data',
    byLine((line) => note(`standard error: ${line}`)),
  );
  return seen;
}

function checkLine(line: string, find: LeakSearch): readonly string[] {
  const leaks = find(line).map((found) => `a log line holds ${found}: ${line}`);
  const isObject = line.startsWith('{') && line.endsWith('}');
  const isFault = line.includes('"event":"internal-error"');
  return [
    ...leaks,
    ...(isObject ? [] : [`not a log line: ${line}`]),
    ...(isFault ? [`a fault of the service: ${line}`] : []),
    ...(DEATH.test(line) ? [`a worker is gone: ${line}`] : []),
  ];
}

function byLine(take: (line: string) => void): (text: string) => void {
  let held = '';
  return (text) => {
    const lines = (held + text).split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) take(line);
  };
}
