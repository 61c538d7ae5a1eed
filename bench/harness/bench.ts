// What every scenario is given: processes, folders, tools, and how long to measure.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideCommand } from '../../scripts/debian-packages.ts';
import { type Cores, keepToLoadCore } from './machine.ts';
import { createProcesses, type Processes } from './processes.ts';

/** One run of the benchmarks. */
export interface Bench {
  readonly pace: Pace;
  /** Null where processes cannot be kept to cores of their own. */
  readonly cores: Cores | null;
  /** The cores for the service and its peers, as processes are started with. */
  readonly serverCores: readonly number[] | undefined;
  readonly processes: Processes;
  /** A new empty folder, gone with the scenario. */
  folder(): Promise<string>;
  /** Whether a command is there; brings it first if this is root on Debian. */
  has(tool: Tool): boolean;
  /** Tells the person who waits what is being done. */
  say(text: string): void;
  /** Ends all processes of a scenario and removes its folders. */
  clear(): Promise<void>;
}

/** How much is measured. */
export interface Pace {
  readonly quick: boolean;
  /** Rounds that do not count. */
  readonly warmUps: number;
  readonly rounds: number;
  /** Of one figure in one round. */
  readonly seconds: number;
}

/** The programs that peers and load need, by the Debian package that holds them. */
const PACKAGES = {
  wrk: 'wrk',
  nginx: 'nginx-light',
  varnishd: 'varnish',
  'redis-server': 'redis-server',
} as const;

/** A program that is not brought by npm. */
export type Tool = keyof typeof PACKAGES;

const FULL: Pace = { quick: false, warmUps: 4, rounds: 5, seconds: 3 };
const QUICK: Pace = { quick: true, warmUps: 1, rounds: 1, seconds: 1 };

/** The folder of the project. */
export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Begins a run. Where there are two cores, this process keeps to the one for load from now on. */
export function createBench(quick: boolean): Bench {
  const cores = keepToLoadCore();
  const processes = createProcesses();
  const folders: string[] = [];
  const tools = new Map<Tool, boolean>();
  return {
    pace: quick ? QUICK : FULL,
    cores,
    serverCores: cores === null ? undefined : [cores.server],
    processes,
    async folder() {
      const path = await mkdtemp(join(tmpdir(), 'customer-360-bench-'));
      folders.push(path);
      return path;
    },
    has(tool) {
      const isThere = tools.get(tool) ?? provideCommand(tool, PACKAGES[tool]);
      tools.set(tool, isThere);
      return isThere;
    },
    say: (text) => void process.stderr.write(`${text}\n`),
    async clear() {
      await processes.stopAll();
      for (const path of folders.splice(0)) await rm(path, { recursive: true, force: true });
    },
  };
}
