// `npm run chaos`: replicas under load through every fault in turn, a table, and rules that fail the run.
import { writeFileSync } from 'node:fs';
import { createEnding } from '../support/ending.ts';
import { type ChaosArguments, parseArguments } from './arguments.ts';
import { ROWS, rowNamed, SHORT_LIST } from './catalog.ts';
import type { Holdings } from './gauges.ts';
import type { Breach } from './rules.ts';
import { runAll } from './run.ts';
import type { Pace, RowResult } from './run-row.ts';
import { renderTable } from './table.ts';

const USAGE_ERROR = 64;
const INTERRUPTED = 130;
const REPLICAS = 4;
/** Longer than any rule allows. */
const PATIENCE_MS = 40_000;
/** Requests a second. */
const RATES = { hot: 80, stale: 30, lapsed: 15, cold: 15 };

process.exitCode = await main();

async function main(): Promise<number> {
  let wanted: ChaosArguments;
  try {
    wanted = parseArguments(
      process.argv.slice(2),
      ROWS.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return USAGE_ERROR;
  }
  if (!wanted.list) return run(wanted);
  process.stdout.write(ROWS.map(({ name, about }) => `${name}: ${about}\n`).join(''));
  return 0;
}

async function run({ rows: names, rounds, seconds, json }: ChaosArguments): Promise<number> {
  const t = createEnding();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void t.end().finally(() => process.exit(INTERRUPTED)));
  }
  const usual = rounds > 1 ? SHORT_LIST.map(rowNamed) : ROWS;
  const rows = names.length > 0 ? names.map(rowNamed) : usual;
  try {
    const result = await runAll(t, {
      rows,
      rounds,
      replicas: REPLICAS,
      pace: paceOf(seconds),
      timing: true,
      onRow: tellRow,
      onRound: tellRound,
    });
    process.stdout.write(`\n${renderTable(result.results)}\n${renderBreaches(result.breaches)}`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`);
    return result.breaches.length === 0 ? 0 : 1;
  } finally {
    await t.end();
  }
}

function paceOf(seconds: number): Pace {
  const faultMs = seconds * 1000;
  const beforeMs = Math.max(1_000, faultMs / 2);
  return { beforeMs, faultMs, afterMs: 1_000, patienceMs: PATIENCE_MS, rates: RATES };
}

function tellRow({ row }: RowResult, breaches: readonly Breach[]): void {
  process.stderr.write(`${row.name}${breaches.length === 0 ? '' : ' FAILED'}\n`);
  for (const { rule, message } of breaches) process.stderr.write(`  ${rule}: ${message}\n`);
}

function tellRound(holdings: readonly Holdings[]): void {
  const lines = holdings.map(({ pid, residentBytes, openFiles, handles }) => {
    const megabytes = Math.round(residentBytes / 1_000_000);
    return `  process ${pid}: ${megabytes} MB, ${openFiles} open files, ${handles} handles\n`;
  });
  process.stderr.write(`A round is over.\n${lines.join('')}`);
}

function renderBreaches(breaches: readonly Breach[]): string {
  if (breaches.length === 0) return 'All rules are kept.\n';
  const lines = breaches.map(({ row, rule, message }) => `${row}: ${rule}: ${message}\n`);
  return `Rules that are broken:\n${lines.join('')}`;
}
