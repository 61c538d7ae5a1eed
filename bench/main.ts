// `npm run bench`: builds the service, measures it beside its peers, and writes down what was found.
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join, relative } from 'node:path';
import { type BenchArguments, parseArguments } from './arguments.ts';
import { SCENARIOS } from './catalog.ts';
import { type Bench, createBench, PROJECT } from './harness/bench.ts';
import { describeCommit, describeMachine } from './harness/machine.ts';
import { type Finding, isAllReached, renderTable, writeReport } from './harness/report.ts';
import type { Scenario } from './scenario.ts';

const USAGE_ERROR = 64;
const INTERRUPTED = 130;
/** The load average of a machine that is not idle. */
const BUSY_LOAD = 0.5;

process.exitCode = await main();

async function main(): Promise<number> {
  let wanted: BenchArguments;
  try {
    const names = SCENARIOS.map(({ name }) => name);
    wanted = parseArguments(process.argv.slice(2), names);
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    return USAGE_ERROR;
  }
  if (!wanted.list) return measure(wanted);
  process.stdout.write(SCENARIOS.map(({ name, title }) => `${name}: ${title}\n`).join(''));
  return 0;
}

async function measure({ scenarios, quick, strict }: BenchArguments): Promise<number> {
  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: PROJECT, stdio: 'inherit' });
  if (build.status !== 0) return 1;
  const bench = createBench(quick);
  const isInterrupted = endOnSignal(bench);
  const notes = notesOn(bench);
  for (const note of notes) bench.say(`Note: ${note}`);

  const date = new Date().toISOString();
  const findings: Finding[] = [];
  for (const scenario of SCENARIOS) {
    const isWanted = scenarios.length === 0 || scenarios.includes(scenario.name);
    if (isInterrupted()) return INTERRUPTED;
    if (isWanted) findings.push(await runScenario(bench, scenario));
  }
  if (isInterrupted()) return INTERRUPTED;
  const about = { date, commit: describeCommit(), machine: describeMachine(), quick, notes };
  const path = writeReport({ ...about, findings }, join(PROJECT, 'bench/results'));
  process.stdout.write(`\n${renderTable(findings)}\nWritten to ${relative('.', path)}\n`);
  const hasFailed = findings.some(({ failure }) => failure !== undefined);
  return hasFailed || (strict && !isAllReached(findings)) ? 1 : 0;
}

/** A scenario that fails does not keep the others from being measured. */
async function runScenario(bench: Bench, { name, title, run }: Scenario): Promise<Finding> {
  bench.say(`${name}`);
  try {
    return { scenario: name, title, rows: await run(bench) };
  } catch (error) {
    bench.say(`  failed: ${describe(error)}`);
    const [failure = ''] = describe(error).split('\n');
    return { scenario: name, title, rows: [], failure };
  } finally {
    await bench.clear();
  }
}

/** Ends everything on Ctrl-C or when told to. Returns whether that has happened. */
function endOnSignal(bench: Bench): () => boolean {
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isInterrupted = true;
      void bench.clear().then(() => process.exit(INTERRUPTED));
    });
  }
  return () => isInterrupted;
}

function notesOn({ cores, has }: Bench): string[] {
  const notes: string[] = [];
  if (cores === null) {
    notes.push(
      'Server and load share their cores: there is no second core, or no taskset (util-linux).',
    );
  }
  const [load = 0] = loadavg();
  if (load > BUSY_LOAD) {
    notes.push(
      `The machine was not idle when this began (load ${load.toFixed(1)}): figures are rough.`,
    );
  }
  if (!has('wrk')) {
    notes.push('wrk is not installed: the loader is undici, which a fast peer outruns.');
  }
  return notes;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
