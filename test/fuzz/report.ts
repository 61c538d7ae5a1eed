// What a fuzz run prints.
import { commandOf } from './arguments.ts';
import type { Trial } from './run.ts';
import type { Findings, SessionOptions } from './session.ts';

/** Where a process is gone, all that were under way are broken. */
const MOST_SHOWN = 5;

/** Everything about a run. */
export function renderFindings(findings: Findings, options: SessionOptions): string {
  const { requests, exchanges, replies, kinds, statuses, durationMs, logLines } = findings;
  const same = commandOf(options);
  const seconds = Math.max(1, Math.round(durationMs / 1000));
  return [
    table('requests by kind', kinds),
    table('replies by status', statuses),
    `${requests} requests on ${exchanges} connections, ${replies} replies and ${logLines} log lines in ${seconds} s, seed ${options.seed}\n`,
    ...findings.breaches.slice(0, MOST_SHOWN).map((breach) => renderTrial(breach, same)),
    ...findings.faults.map((fault) => `\nBroken: ${fault}\n`),
    isClean(findings)
      ? 'No crash, no 500, no leak; every reply is as openapi.json says.\n'
      : `\nBroken rules: ${findings.breaches.length} connections, ${findings.faults.length} times the process. The same again: ${same}\n`,
  ].join('\n');
}

/** Whether no rule was broken. */
export function isClean({ breaches, faults }: Findings): boolean {
  return breaches.length === 0 && faults.length === 0;
}

/** One exchange, and what it broke; `same` is the command that made it. */
export function renderTrial({ number, kind, rules, sent, received }: Trial, same: string): string {
  const verdict = rules.length > 0 ? 'broken' : 'nothing is broken';
  return `
Connection ${number} (${kind}): ${verdict}
${rules.map((rule) => `  ${rule}\n`).join('')}sent:
${sent}
received:
${received}
This connection alone: ${same} --only ${number}
`;
}

function table(title: string, counts: ReadonlyMap<string | number, number>): string {
  const rows = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  const width = Math.max(title.length, ...rows.map(([name]) => String(name).length));
  const lines = rows.map(
    ([name, count]) => `${String(name).padEnd(width)} ${String(count).padStart(8)}`,
  );
  return `${title}\n${lines.join('\n')}\n`;
}
