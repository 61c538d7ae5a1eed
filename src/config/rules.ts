// What a value must be: how its text is read, and what to say when it cannot be.
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

/** How one kind of value is read from its text. */
export interface Rule<T> {
  /** The value, or undefined when the text breaks the rule. */
  readonly read: (text: string) => T | undefined;
  /** Reads on from the place: `is not a duration`. Never holds the text itself. */
  readonly problem: string;
  /** A sentence that says what to write instead. */
  readonly mend: string;
}

/** The longest duration that a timer holds safely, with room to spare. */
export const LONGEST_TIMER_MS = 86_400_000;

/** The longest duration of anything, about ten years: an instant that far ahead is still a date. */
export const LONGEST_MS = 3650 * 86_400_000;

/** Names of tenants and apps. */
export const NAME: Rule<string> = matching(
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  'is not a name',
  'Use 1 to 63 small letters, digits and hyphens, and begin with a letter or digit.',
);

/** A text that matches a pattern from its start to its end. */
export function matching(pattern: RegExp, problem: string, mend: string): Rule<string> {
  return { read: (text) => (pattern.test(text) ? text : undefined), problem, mend };
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Rule<T> {
  const [last, ...others] = words.toReversed();
  const list = others.length === 0 ? last : `${others.toReversed().join(', ')} or ${last}`;
  return {
    read: (text) => words.find((word) => word === text),
    problem: 'is not a value known here',
    mend: `Write ${list}.`,
  };
}

/** A duration in milliseconds, both bounds allowed. */
export function duration(leastMs: number, mostMs: number): Rule<number> {
  return {
    read: (text) => within(parseDuration(text), leastMs, mostMs),
    problem: `is not a duration from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`,
    mend: 'Write a whole number and a unit, such as 250ms, 30s, 5m, 2h or 1d.',
  };
}

/** A size in bytes, at least `leastBytes`. */
export function size(leastBytes: number): Rule<number> {
  return {
    read: (text) => within(parseSize(text), leastBytes, Number.MAX_SAFE_INTEGER),
    problem: `is not a size of ${formatSize(leastBytes)} or more`,
    mend: 'Write a whole number and a unit, such as 512KiB, 256MiB or 1GiB.',
  };
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}
