// Load from a process of its own: wrk, or the loader of this folder where there is none.
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';

/** What to ask, and how. */
export interface Load {
  /** Such as `http://127.0.0.1:8360`. */
  readonly origin: string;
  readonly path: string | VariedPath | PathFile;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON to be sent as POST (the loader alone). */
  readonly post?: string;
  /** How many requests are under way at any time. */
  readonly connections: number;
  /** For how long, or how many requests in all (the loader alone). */
  readonly until: { readonly seconds: number } | { readonly requests: number };
}

/** A path in which `{n}` is a number that counts up with each request. */
export interface VariedPath {
  readonly template: string;
  readonly from: number;
  /** After so many it begins anew. */
  readonly count: number;
}

/** A file with a list of paths as JSON, asked for in turn. The loader alone reads it. */
export interface PathFile {
  readonly file: string;
}

/** What a load saw. */
export interface LoadFigures {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How often each value of `Cache-Status` came, without `ttl`. The loader alone tells. */
  readonly cacheStatus: Readonly<Record<string, number>>;
}

/** What both programs write. */
interface Output {
  readonly requests: number;
  readonly durationMs: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cacheStatus?: Readonly<Record<string, number>>;
}

const LUA = fileURLToPath(new URL('../peers/load.lua', import.meta.url));
const LOADER = fileURLToPath(new URL('./loader.ts', import.meta.url));

/** Loads for so many seconds, with the most throughput that can be had. Throws if a reply is no 200. */
export function loadWithWrk(bench: Bench, load: Load): Promise<LoadFigures> {
  return bench.has('wrk') ? run(bench, 'wrk', wrkArguments(load)) : loadWithUndici(bench, load);
}

/** Loads with undici, with each latency kept and each `Cache-Status` counted. */
export function loadWithUndici(bench: Bench, load: Load): Promise<LoadFigures> {
  return run(bench, process.execPath, [LOADER, JSON.stringify(load)]);
}

async function run(bench: Bench, command: string, args: readonly string[]): Promise<LoadFigures> {
  const text = await bench.processes.start({ command, args }).output;
  const line = text.trim().split('\n').at(-1) ?? '';
  const { requests, durationMs, failures, ...rest }: Output = JSON.parse(line);
  if (failures > 0) throw new Error(`${failures} of ${requests} requests failed: ${text}`);
  const requestsPerSecond = (requests * 1000) / durationMs;
  return { cacheStatus: {}, ...rest, requests, requestsPerSecond };
}

function wrkArguments({ origin, path, headers = {}, connections, until }: Load): string[] {
  if (!('seconds' in until)) throw new TypeError('wrk loads for a time, not for a number.');
  if (typeof path !== 'string' && 'file' in path) throw new TypeError('wrk reads no files.');
  return [
    ...['--threads', '1', '--connections', String(connections), '--latency'],
    ...['--duration', `${until.seconds}s`, '--timeout', '10s', '--script', LUA],
    ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    ...(typeof path === 'string'
      ? [`${origin}${path}`]
      : [origin, '--', path.template, String(path.from), String(path.count)]),
  ];
}
