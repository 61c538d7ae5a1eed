// What the log of a service of several processes says about its workers.
import type { ServiceProcess } from './process.ts';

/** One line of a log. */
export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly pid: number;
  readonly msg: string;
}

/** The lines so far with this message; without one, all of them. */
export function linesOf(started: ServiceProcess, message?: string): readonly LogLine[] {
  const texts = started.output().split('\n').slice(0, -1);
  const lines = texts.map((text) => JSON.parse(text) as LogLine);
  return lines.filter(({ msg }) => message === undefined || msg === message);
}

/** The process ids of all workers that have listened so far. */
export function workersOf(started: ServiceProcess): readonly number[] {
  return linesOf(started, 'a worker listens').map(({ worker }) => Number(worker));
}

/** Resolves when a message has been logged so many times. */
export async function untilLogged(
  started: ServiceProcess,
  message: string,
  times: number,
): Promise<void> {
  await started.until(new RegExp(`(?:"msg":"${message}"[^]*){${times}}`));
}

/** Sends a signal to a process that still lives. */
export function signal(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('There is no such process.');
  process.kill(pid, name);
}

/** How many requests of a route have been counted, by the text of `/metrics`. */
export function countIn(metrics: string, route: string): number {
  const pattern = /^http_request_duration_seconds_count\{.*route="([^"]*)".*\} (\d+)$/gm;
  const counts = [...metrics.matchAll(pattern)].filter(([, of]) => of === route);
  return counts.reduce((sum, [, , count]) => sum + Number(count), 0);
}
