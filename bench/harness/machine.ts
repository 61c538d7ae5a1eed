// The machine that the figures are from, and how its cores are shared out.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** What figures depend on. It names no host. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
}

/** The cores that parts of a run are kept on; null where they cannot be kept apart. */
export interface Cores {
  /** For the service and its peers. */
  readonly server: number;
  /** For load, upstream and Redis. */
  readonly load: number;
  /** All cores that this process may use. */
  readonly all: readonly number[];
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
  };
}

/** The commit that is measured, with `+changes` if files differ from it. */
export function describeCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no');
    return `${git('rev-parse', '--short=10', 'HEAD')}${changes === '' ? '' : '+changes'}`;
  } catch {
    return 'unknown';
  }
}

/** Moves this process, and with it all that it will start, to the core for load; null if it cannot. */
export function keepToLoadCore(): Cores | null {
  const all = allowedCores();
  const [server, load] = all;
  if (server === undefined || load === undefined) return null;
  const pid = String(process.pid);
  const moved = spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(load), pid]);
  return moved.status === 0 ? { server, load, all } : null;
}

/** The numbers of the cores that this process may use; none where `/proc` does not tell. */
function allowedCores(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readStatus()) ?? [];
  return list
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [from = 0, to = from] = range.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
