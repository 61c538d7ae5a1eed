// A whole run against the real service: what is asked, what it writes meanwhile, and how it fares at the end.
import type { Ending } from '../support/ending.ts';
import { redisContents } from '../support/redis-contents.ts';
import { makeExchange } from './exchange.ts';
import { createJudge } from './judge.ts';
import { createLeakSearch, type LeakSearch } from './leaks.ts';
import { type LogWatch, watchLog } from './log-watch.ts';
import { appKeysOf, customerMarks, secretMarks } from './marked.ts';
import { run, type Summary, tryOne } from './run.ts';
import { changeWeather, setWeather } from './weather.ts';
import { type Origins, type Setup, startWorld, type World } from './world.ts';

const ENOUGH_LINES = 1_000;

/** What is wanted. */
export interface SessionOptions {
  readonly seed: number;
  readonly setup: Setup;
  readonly requests: number;
}

/** What was found. */
export interface Findings extends Summary {
  readonly logLines: number;
  /** Rules that the process broke, beside those that replies did. */
  readonly faults: readonly string[];
}

/** Runs until so many requests have been sent. */
export async function runSession(
  ending: Ending,
  { seed, setup, requests }: SessionOptions,
): Promise<Findings> {
  const keys = appKeysOf(seed);
  const secret = secretMarks(keys);
  const customer = customerMarks();
  const world = await startWorld(ending, keys, setup);
  const find = createLeakSearch({ ...secret, ...customer });
  const log = watchLog(world.started.child, find, world.started.forget);
  const judge = createJudge({ secret, customer });
  const { origins, sandbox } = world;
  const onExchange = (number: number) => changeWeather(sandbox.faults, seed, number);
  const summary = await run({ seed, keys, requests, origins, judge, onExchange });
  const faults = await endOf(world, find);
  const idle = idleFaults(log, setup);
  return { ...summary, logLines: log.lines, faults: [...faults, ...idle, ...log.breaches] };
}

/** Has one exchange alone. */
export async function repeatExchange(
  ending: Ending,
  { seed, setup, number }: { seed: number; setup: Setup; number: number },
): Promise<Awaited<ReturnType<typeof tryOne>>> {
  const keys = appKeysOf(seed);
  const { origins, sandbox } = await startWorld(ending, keys, setup);
  setWeather(sandbox.faults, seed, number);
  const judge = createJudge({ secret: secretMarks(keys), customer: customerMarks() });
  return await tryOne(makeExchange({ seed, keys }, number), { origins, judge });
}

/** A process that serves nobody is not tried; a few requests may not reach all of them. */
function idleFaults({ servers, lines }: LogWatch, { workers }: Setup): readonly string[] {
  const areServing = servers.size === workers || lines < ENOUGH_LINES;
  return areServing ? [] : [`${servers.size} of ${workers} processes served callers`];
}

/** What is wrong with the process after all that; then it is told to end. */
async function endOf(
  { started, origins, redisUrl }: World,
  find: LeakSearch,
): Promise<readonly string[]> {
  const { child, ended } = started;
  const health = await healthFaults(origins, find).catch(() => ['the process answers no more']);
  const kept = redisUrl === null ? Buffer.alloc(0) : await redisContents(redisUrl);
  const faults = [...health, ...find(kept).map((found) => `Redis holds ${found}`)];
  child.kill('SIGTERM');
  const [code, signal] = await ended;
  // Told to end it does so with 0; one that has ended before has ended otherwise.
  return code === 0 ? faults : [...faults, `the process ended with ${code ?? signal}`];
}

async function healthFaults({ api, ops }: Origins, find: LeakSearch): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const path of ['/livez', '/readyz']) {
    const { status } = await fetch(api + path);
    if (status !== 200) faults.push(`${path} is ${status}`);
  }
  const metrics = await (await fetch(`${ops}/metrics`)).text();
  faults.push(...find(metrics).map((found) => `a metric holds ${found}`));
  const [, errors] = /^customer360_internal_errors_total (\d+)$/m.exec(metrics) ?? [];
  if (errors !== '0') faults.push(`customer360_internal_errors_total is ${errors}`);
  return faults;
}
