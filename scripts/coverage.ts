// Line coverage as `npm test` shows it: with the files that no test loaded, judged by folder.
import { stripTypeScriptTypes } from 'node:module';
import { join, sep } from 'node:path';
import type { EventData } from 'node:test';

/** What node's test runner found out about the lines that ran; paths are absolute. */
export type CoverageSummary = EventData.TestCoverage['summary'];

/** A folder, such as `src/domain`, and the share of its lines that must run, in per cent. */
export interface Threshold {
  readonly folder: string;
  readonly percent: number;
}

/** What became of a threshold. */
export interface Verdict extends Threshold {
  /** The share of the folder's lines that ran, 0 to 100; 100 for a folder without code. */
  readonly reached: number;
  readonly isMet: boolean;
}

type FileCoverage = CoverageSummary['files'][number];

/**
 * Adds each source file (path to text) that was never loaded, as one of which no line ran.
 * Files of nothing but types are never loaded, and are left out.
 */
export function withUnloaded(
  summary: CoverageSummary,
  sources: ReadonlyMap<string, string>,
): CoverageSummary {
  const loaded = new Set(summary.files.map((file) => file.path));
  const unloaded = [...sources]
    .filter(([path, text]) => !loaded.has(path) && hasCode(text))
    .map(([path, text]) => uncovered(path, text));
  const files = [...summary.files, ...unloaded].sort((a, b) => (a.path < b.path ? -1 : 1));
  const totalLineCount = sum(files, 'totalLineCount');
  const coveredLinePercent = percentage(sum(files, 'coveredLineCount'), totalLineCount);
  return { ...summary, files, totals: { ...summary.totals, totalLineCount, coveredLinePercent } };
}

/** Keeps the rows of files that have lines which did not run; the totals stay. */
export function withoutFullyCovered(summary: CoverageSummary): CoverageSummary {
  return {
    ...summary,
    files: summary.files.filter((file) => file.coveredLineCount < file.totalLineCount),
  };
}

/** Judges the lines of a folder and everything below it. */
export function judge(summary: CoverageSummary, threshold: Threshold): Verdict {
  const folder = join(summary.workingDirectory, threshold.folder, sep);
  const files = summary.files.filter((file) => file.path.startsWith(folder));
  const covered = sum(files, 'coveredLineCount');
  const total = sum(files, 'totalLineCount');
  const isMet = covered * 100 >= threshold.percent * total;
  return { ...threshold, reached: percentage(covered, total), isMet };
}

function hasCode(text: string): boolean {
  const withoutComments = stripTypeScriptTypes(text).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  return withoutComments.trim() !== '';
}

function uncovered(path: string, text: string): FileCoverage {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((_, index) => ({ line: index + 1, count: 0 }));
  return {
    path,
    totalLineCount: lines.length,
    totalBranchCount: 0,
    totalFunctionCount: 0,
    coveredLineCount: 0,
    coveredBranchCount: 0,
    coveredFunctionCount: 0,
    coveredLinePercent: 0,
    coveredBranchPercent: 0,
    coveredFunctionPercent: 0,
    functions: [],
    branches: [],
    lines,
  };
}

function sum(files: readonly FileCoverage[], field: 'totalLineCount' | 'coveredLineCount'): number {
  return files.reduce((total, file) => total + file[field], 0);
}

function percentage(covered: number, total: number): number {
  return total === 0 ? 100 : (covered / total) * 100;
}
