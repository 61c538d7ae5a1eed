// The result of a run as aligned text.
import type { Latency, Phases } from './figures.ts';
import type { RowResult } from './run-row.ts';

const HEADINGS = [
  'fault',
  'requests',
  '5xx held',
  '5xx cold',
  'lost',
  'stale',
  'hot p50/p99 ms: before',
  'during',
  'after',
  'cold p50/p99 ms: before',
  'during',
  'after',
  'recovered s',
] as const;

/** A table with a line for each row. */
export function renderTable(results: readonly RowResult[]): string {
  const lines = [[...HEADINGS], ...results.map(cellsOf)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const aligned = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return `${aligned.join('\n')}\n`;
}

function cellsOf({ row, figures }: RowResult): string[] {
  const { requests, heldServerErrors, coldServerErrors, lost, staleServed, recoveredMs } = figures;
  const lostCount = Object.values(lost).reduce((sum, count) => sum + count, 0);
  const counts = [requests, heldServerErrors, coldServerErrors, lostCount, staleServed];
  return [
    row.name,
    ...counts.map(String),
    ...phasesOf(figures.hot),
    ...phasesOf(figures.cold),
    recoveredMs === null ? 'never' : (recoveredMs / 1000).toFixed(1),
  ];
}

function phasesOf({ before, during, after }: Phases): string[] {
  return [before, during, after].map(({ p50, p99 }: Latency) => `${rounded(p50)}/${rounded(p99)}`);
}

function rounded(value: number | null): string {
  if (value === null) return '-';
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
