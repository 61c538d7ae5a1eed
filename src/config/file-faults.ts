// The faults that the schema of config.yaml finds, in our words: its own never quote the file.
import type { z } from 'zod';
import { absence } from './schema-parts.ts';
import type { Finding, Path } from './yaml-document.ts';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  array: 'is not a list',
  object: 'is not a mapping',
  record: 'is not a mapping',
};

/** What an issue of the schema means. `data` tells what is missing from what is wrong. */
export function findingOf(issue: Issue, data: unknown): Finding {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  const known = issue.code === 'custom' ? issue.params?.known : undefined;
  if (Array.isArray(known)) {
    const mend = unknownKeyMend(String(path.at(-1)), known.map(String));
    return { path, problem: 'is not known here', mend };
  }
  return { path, problem: problemOf(issue, valueAt(data, path)), mend: issue.message };
}

function problemOf(issue: Issue, value: unknown): string {
  if (issue.code === 'custom') return String(issue.params?.problem);
  if (issue.code === 'too_small') return 'is an empty list';
  const kind = issue.code === 'invalid_type' ? KINDS[issue.expected] : undefined;
  return absence(value) ?? kind ?? 'is not allowed here';
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? Reflect.get(value, step)
        : undefined,
    data,
  );
}

function unknownKeyMend(key: string, known: readonly string[]): string {
  const near = known.find((name) => isNear(key.toLowerCase(), name.toLowerCase()));
  return near === undefined
    ? `Remove it. Known here: ${known.join(', ')}.`
    : `Write ${near} if that is meant. Known here: ${known.join(', ')}.`;
}

/** Whether words differ in underscores and hyphens, one letter or two swapped ones at most. */
function isNear(one: string, other: string): boolean {
  const [a, b] = [one.replaceAll(/[_-]/g, ''), other];
  let head = 0;
  while (head < a.length && a[head] === b[head]) head += 1;
  let tail = 0;
  const rest = Math.min(a.length, b.length) - head;
  while (tail < rest && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const [midA, midB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  if (midA.length <= 1 && midB.length <= 1) return true;
  return midA.length === 2 && midB === `${midA[1]}${midA[0]}`;
}
