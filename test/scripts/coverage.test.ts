// How line coverage is completed and judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CoverageSummary,
  judge,
  withoutFullyCovered,
  withUnloaded,
} from '../../scripts/coverage.ts';

const counts = {
  totalLineCount: 0,
  totalBranchCount: 0,
  totalFunctionCount: 0,
  coveredLineCount: 0,
  coveredBranchCount: 0,
  coveredFunctionCount: 0,
  coveredLinePercent: 0,
  coveredBranchPercent: 0,
  coveredFunctionPercent: 0,
};

function summaryOf(files: Readonly<Record<string, readonly [number, number]>>): CoverageSummary {
  return {
    files: Object.entries(files).map(([path, [coveredLineCount, totalLineCount]]) => {
      const lists = { functions: [], branches: [], lines: [] };
      return { ...counts, ...lists, path, coveredLineCount, totalLineCount };
    }),
    thresholds: { function: 0, branch: 0, line: 0 },
    totals: counts,
    workingDirectory: '/project',
  };
}

test('a folder is judged by its own lines and those below it', () => {
  const summary = summaryOf({
    '/project/src/app.ts': [60, 100],
    '/project/src/domain/email.ts': [50, 50],
    '/project/src/domain/deep/phone.ts': [49, 50],
    '/project/src/domains/other.ts': [0, 900],
  });
  const domain = { folder: 'src/domain', percent: 99 };
  assert.deepEqual(judge(summary, domain), { ...domain, reached: 99, isMet: true });
  assert.equal(judge(summary, { ...domain, percent: 99.1 }).isMet, false);
  assert.equal(judge(summary, { folder: 'src', percent: 20 }).isMet, false);
});

test('one line of very many is missed', () => {
  const summary = summaryOf({ '/project/src/domain/email.ts': [99_999, 100_000] });
  assert.equal(judge(summary, { folder: 'src/domain', percent: 100 }).isMet, false);
});

test('a file that was never loaded counts as one of which no line ran', () => {
  const summary = summaryOf({ '/project/src/b.ts': [3, 3] });
  const completed = withUnloaded(
    summary,
    new Map([
      ['/project/src/b.ts', 'let b;\n\nb = 1;\n'],
      ['/project/src/a.ts', '// Code.\nexport const a: number = 1;\n'],
    ]),
  );
  const [added, kept] = completed.files;
  assert.equal(added?.path, '/project/src/a.ts');
  assert.deepEqual(added?.lines, [
    { line: 1, count: 0 },
    { line: 2, count: 0 },
  ]);
  assert.deepEqual(kept, summary.files[0]);
  assert.equal(completed.totals.coveredLinePercent, 60);
});

test('a file of nothing but types has no lines to run', () => {
  const types = `// Types.
import type { A } from './a.ts';

/** What's said about it. */
export interface B {
  readonly a: A;
}
/* And */ export type C = B | 'https://example.com';
`;
  const summary = summaryOf({});
  assert.deepEqual(withUnloaded(summary, new Map([['/project/src/b.ts', types]])).files, []);
});

test('the table keeps the files that have something to tell', () => {
  const summary = summaryOf({ '/project/src/a.ts': [1, 2], '/project/src/b.ts': [2, 2] });
  assert.deepEqual(
    withoutFullyCovered(summary).files.map((file) => file.path),
    ['/project/src/a.ts'],
  );
});
