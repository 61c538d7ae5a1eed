// The result of a run: as a table on the screen, as Markdown and as JSON.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, isReached, type Row, type Target } from '../scenario.ts';
import type { Machine } from './machine.ts';

/** What one scenario found; rows are empty if it failed, and `failure` says how, in one line. */
export interface Finding {
  readonly scenario: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly failure?: string;
}

/** A whole run. */
export interface Report {
  /** ISO-8601. */
  readonly date: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly quick: boolean;
  /** What a reader of the figures must know, such as missing cores. */
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
}

const COLUMNS = ['scenario', 'what', 'figure', 'target', 'reached'] as const;

/** The rows of a run as a table in Markdown, with columns of equal width. */
export function renderTable(findings: readonly Finding[]): string {
  const cells = findings.flatMap((finding) => linesOf(finding));
  const lines = [[...COLUMNS], ...cells];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  const rendered = lines.map(
    (line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return `${[rendered[0], rule, ...rendered.slice(1)].join('\n')}\n`;
}

/** A run as a Markdown document. */
export function renderMarkdown(report: Report): string {
  const { date, commit, machine, quick, notes, findings } = report;
  const { cpu, cores, memoryGiB, kernel, node } = machine;
  return `# Benchmarks of ${date.slice(0, 10)}

- Date: ${date}
- Commit: ${commit}
- Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node}
- Rounds: ${quick ? 'quick, for a first look only' : 'full'}
${notes.map((note) => `- Note: ${note}\n`).join('')}
${renderTable(findings)}
${findings.map(({ scenario, title }) => `- **${scenario}**: ${title}\n`).join('')}`;
}

/** Writes a run to `folder` as Markdown and JSON. The path of the Markdown file. */
export function writeReport(report: Report, folder: string): string {
  const name = `${report.date.slice(0, 19).replaceAll(':', '')}-${report.commit}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), renderMarkdown(report));
  return join(folder, `${name}.md`);
}

/** Whether every target of the run is reached, and nothing failed or was left out. */
export function isAllReached(findings: readonly Finding[]): boolean {
  return findings.every(
    ({ rows, failure }) =>
      failure === undefined && rows.every((row) => !('leftOut' in row) && isReached(row) !== false),
  );
}

function linesOf({ scenario, rows, failure }: Finding): string[][] {
  if (failure !== undefined)
    return [[scenario, `failed: ${failure.replaceAll('|', '/')}`, '', '', '']];
  return rows.map((row) => {
    if ('leftOut' in row) return [scenario, row.name, `left out: ${row.leftOut}`, '', ''];
    return [scenario, row.name, renderFigure(row), renderTarget(row), renderReached(row)];
  });
}

function renderFigure({ figure, unit }: Figure): string {
  return `${renderNumber(figure)} ${unit}`;
}

function renderTarget({ target, unit }: Figure): string {
  if (target === undefined) return '';
  const [sign, limit] = signAndLimit(target);
  return `${sign} ${limit} ${unit}`;
}

function signAndLimit(target: Target): readonly [string, number] {
  return 'atLeast' in target ? ['≥', target.atLeast] : ['≤', Number(target.atMost.toPrecision(4))];
}

function renderReached(figure: Figure): string {
  const reached = isReached(figure);
  if (reached === undefined) return '';
  return reached ? 'yes' : 'no';
}

/** Three digits, more only before the point. */
function renderNumber(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
