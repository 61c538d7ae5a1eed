// The parts that the schema of config.yaml is made of. A message is the mend of the fault.

import { z } from 'zod';
import { isJsonObject } from '../domain/json-object.ts';
import { NAME, type Rule } from './rules.ts';

/** How a value that is not there is told; undefined for one that is. */
export function absence(value: unknown): string | undefined {
  if (value === undefined) return 'is missing';
  return value === null ? 'is empty' : undefined;
}

/** The entries of a mapping; none of anything else. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : [];
}

/** One value. An absent or empty one is told apart from a wrong one. */
export function leaf<T>(
  read: (value: unknown) => T | undefined,
  { problem, mend }: Pick<Rule<T>, 'problem' | 'mend'>,
) {
  return z.unknown().transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    const params = { problem: absence(value) ?? problem };
    context.addIssue({ code: 'custom', message: mend, params });
    return z.NEVER;
  });
}

/** A text read by a rule. */
export function text<T>(rule: Rule<T>) {
  return leaf((value) => (typeof value === 'string' ? rule.read(value) : undefined), rule);
}

/** A whole number of 1 or more. */
export function count() {
  const read = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : undefined;
  return leaf(read, {
    problem: 'is not a whole number of 1 or more',
    mend: 'Write a whole number of 1 or more, without quotes.',
  });
}

/** A list with so many items at least. */
export function list<Item extends z.ZodType>(item: Item, mend: string, least = 0) {
  return z.array(item, { error: mend }).min(least, { error: mend });
}

/** A mapping with these keys and no others. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape, mend: string) {
  const known = Object.keys(shape);
  const unknownKey = z.unknown().transform((_, context): never => {
    context.addIssue({ code: 'custom', message: '', params: { known } });
    return z.NEVER;
  });
  return z.object(shape, { error: mend }).catchall(unknownKey);
}

/** A mapping that may be left out, or left empty. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  const mend = `Write a mapping of ${Object.keys(shape).join(', ')}, or leave it out.`;
  return z.preprocess((value) => value ?? {}, mapping(shape, mend));
}

/** A mapping from names to one kind of thing, with one entry at least. */
export function named<Item extends z.ZodType>(item: Item, kind: string) {
  const mend = `Write one ${kind} at least, each below its name.`;
  return z.record(z.string(), item, { error: mend }).superRefine(
    (entries, context) => {
      if (!isJsonObject(entries)) return;
      const names = Object.keys(entries);
      const isEmpty = { code: 'custom', message: mend, params: { problem: 'is empty' } } as const;
      if (names.length === 0) context.addIssue(isEmpty);
      for (const path of names.filter((name) => NAME.read(name) === undefined)) {
        const params = { problem: NAME.problem };
        context.addIssue({ code: 'custom', path: [path], message: NAME.mend, params });
      }
    },
    { when: () => true }, // beside faults in the entries too
  );
}
