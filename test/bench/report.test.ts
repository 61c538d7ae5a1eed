// How findings are written down and judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Finding,
  isAllReached,
  renderMarkdown,
  renderTable,
} from '../../bench/harness/report.ts';
import type { Row } from '../../bench/scenario.ts';

const reached: Row = { name: 'ratio', figure: 0.8, unit: '×', target: { atLeast: 0.8 } };
const missed: Row = { name: 'median', figure: 0.61, unit: 'ms', target: { atMost: 0.6 } };
const plain: Row = { name: 'ours', figure: 12_345.6, unit: 'requests/s' };
const leftOut: Row = { name: 'nginx', leftOut: 'not installed' };

function finding(...rows: Row[]): Finding {
  return { scenario: 'one', title: 'a title', rows };
}

test('each row has its figure, target and verdict', () => {
  assert.equal(
    renderTable([finding(reached, missed, plain, leftOut)]),
    `| scenario | what   | figure                  | target   | reached |
| -------- | ------ | ----------------------- | -------- | ------- |
| one      | ratio  | 0.80 ×                  | ≥ 0.8 ×  | yes     |
| one      | median | 0.61 ms                 | ≤ 0.6 ms | no      |
| one      | ours   | 12346 requests/s        |          |         |
| one      | nginx  | left out: not installed |          |         |
`,
  );
});

test('a scenario that failed is a row with its failure', () => {
  const failed: Finding = { ...finding(), failure: 'nginx ended with 1 | x' };
  assert.match(renderTable([failed]), /^\| one +\| failed: nginx ended with 1 \/ x \|/m);
});

test('all is reached unless a target is missed, a row is left out or a scenario failed', () => {
  assert.equal(isAllReached([finding(reached, plain)]), true);
  assert.equal(isAllReached([finding(reached, missed)]), false);
  assert.equal(isAllReached([finding(reached, leftOut)]), false);
  assert.equal(isAllReached([finding(reached), { ...finding(), failure: 'why' }]), false);
});

test('the document names date, commit and machine, and each scenario', () => {
  const text = renderMarkdown({
    date: '2026-01-02T03:04:05.678Z',
    commit: 'abc',
    machine: { cpu: 'A CPU', cores: 2, memoryGiB: 4, kernel: 'Linux 1', node: 'v24.0.0' },
    quick: true,
    notes: ['wrk is not installed.'],
    findings: [finding(reached)],
  });
  assert.match(text, /^# Benchmarks of 2026-01-02$/m);
  assert.match(text, /^- Commit: abc$/m);
  assert.match(text, /^- Machine: A CPU, 2 cores, 4 GiB, Linux 1, Node v24\.0\.0$/m);
  assert.match(text, /^- Rounds: quick, /m);
  assert.match(text, /^- Note: wrk is not installed\.$/m);
  assert.match(text, /^- \*\*one\*\*: a title$/m);
});
