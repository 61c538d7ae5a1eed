// Marked values in what leaves the process: searched once for each kind of text, since most are alike.
import { createHash } from 'node:crypto';
import { createMarkSearch, type Marks } from '../support/marks.ts';

/** Searches texts; says what it found. */
export type LeakSearch = (text: string | Buffer) => readonly string[];

// What differs from text to text and cannot hold a mark.
const VARYING =
  /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|fz-\d+-(?:\d+|rest)|\d{4}-\d\d-\d\dT[\d:.]{8,12}Z|(?<="durationMs":)\d{1,6}(?:\.\d{1,2})?(?=[,}])|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/g;

const MOST_REMEMBERED = 100_000;

/** Creates a search for some marks. */
export function createLeakSearch(marks: Marks): LeakSearch {
  const search = createMarkSearch(marks);
  const clean = new Set<string>();
  return (text) => {
    const name = nameOf(text);
    if (clean.has(name)) return [];
    const found = search(text);
    if (found.length > 0) return found;
    if (clean.size > MOST_REMEMBERED) clean.clear();
    clean.add(name);
    return [];
  };
}

function nameOf(text: string | Buffer): string {
  if (typeof text === 'string' && text.length < 2_000) return text.replace(VARYING, '*');
  return createHash('sha1').update(text).digest('base64');
}
