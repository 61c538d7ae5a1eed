// `npm test`: every test, with line coverage and its thresholds; or only the files that are named.
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import {
  judge,
  type Threshold,
  type Verdict,
  withoutFullyCovered,
  withUnloaded,
} from './coverage.ts';
import { provideRedisServer } from './redis-server.ts';

const TESTS = 'test/**/*.test.ts';
const SOURCES = 'src/**/*.ts';
const THRESHOLDS: readonly Threshold[] = [
  { folder: 'src/domain', percent: 100 },
  { folder: 'src', percent: 95 },
];

const TEST_TIMEOUT_MS = 60_000;
// For a test that blocks its event loop, so that its own timeout cannot fire.
const WHOLE_TIMEOUT_MS = 20 * 60_000;

/** What a run has shown so far. */
interface Findings {
  isSuccess: boolean;
  verdicts: readonly Verdict[];
  /** The files that have told all their results. */
  readonly told: Set<string>;
}

const named = process.argv.slice(2);
// Whatever ends this script early is a failure.
process.exitCode = 1;
shareCompiledCode();
if (named.length > 0) {
  const isSuccess = await runAll(named, false).then((findings) => findings.isSuccess);
  if (isSuccess) process.exitCode = 0;
} else if (isRedisProvided()) {
  const { isSuccess, verdicts } = await runAll(globSync(TESTS), true);
  process.stdout.write(verdicts.map(sentence).join(''));
  const isCovered = verdicts.length > 0 && verdicts.every((verdict) => verdict.isMet);
  if (isSuccess && isCovered) process.exitCode = 0;
}

/** A process that is made to end may not have told all that it found: its file is run once more. */
async function runAll(files: readonly string[], coverage: boolean): Promise<Findings> {
  const findings = await runTests(files, coverage);
  const untold = files.filter((file) => !findings.told.has(resolve(file)));
  if (!findings.isSuccess || untold.length === 0) return findings;
  process.stdout.write(`Once more, since not all was told: ${untold.join(', ')}\n`);
  const again = await runTests(untold, false);
  return { ...findings, isSuccess: again.isSuccess && again.told.size === untold.length };
}

async function runTests(files: readonly string[], coverage: boolean): Promise<Findings> {
  const findings: Findings = { isSuccess: false, verdicts: [], told: new Set() };
  const events = run({
    files,
    coverage,
    coverageIncludeGlobs: SOURCES,
    // Some of them wait more than they work.
    concurrency: availableParallelism() + 1,
    timeout: TEST_TIMEOUT_MS,
    signal: AbortSignal.timeout(WHOLE_TIMEOUT_MS),
    // What a test leaves open must not keep its process from ending.
    execArgv: ['--test-force-exit'],
  });
  await pipeline(events, (source) => observe(source, findings), new spec(), process.stdout, {
    end: false,
  });
  return findings;
}

/** Passes the events on, notes how it ends, and completes the coverage. */
async function* observe(
  events: AsyncIterable<TestEvent>,
  findings: Findings,
): AsyncGenerator<TestEvent, void> {
  for await (const event of events) {
    if (event.type === 'test:summary') {
      const { file, success, counts } = event.data;
      // The summary of a single file names it.
      if (file === undefined) findings.isSuccess = success && counts.tests > 0;
      else findings.told.add(file);
    }
    if (event.type === 'test:coverage') {
      const summary = withUnloaded(event.data.summary, readSources());
      findings.verdicts = THRESHOLDS.map((threshold) => judge(summary, threshold));
      yield { ...event, data: { ...event.data, summary: withoutFullyCovered(summary) } };
    } else {
      yield event;
    }
  }
}

/** What one of the many processes has compiled, the others need not. */
function shareCompiledCode(): void {
  const cache = mkdtempSync(join(tmpdir(), 'customer-360-compiled-'));
  process.env.NODE_COMPILE_CACHE = cache;
  process.once('exit', () => rmSync(cache, { recursive: true, force: true }));
}

function readSources(): Map<string, string> {
  const paths = globSync(SOURCES).map((path) => resolve(path));
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

function sentence({ folder, percent, reached, isMet }: Verdict): string {
  // Cut, not rounded: 99.999 is not 100.
  const share = (Math.floor(reached * 100) / 100).toFixed(2);
  return `${isMet ? '✔' : '✖'} ${share} % of the lines of ${folder}/ ran, ${percent} % are needed\n`;
}

function isRedisProvided(): boolean {
  try {
    provideRedisServer();
    return true;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  }
}
