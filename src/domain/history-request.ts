// The parameters of a complete history: whether one is wanted, and which page of it.
import type { CursorContent, Cursors } from './cursor.ts';
import type { CustomerQuery } from './customer-query.ts';
import type { PageRequest } from './history.ts';
import { type Faults, type Parameters, readText, readWholeNumber } from './parameters.ts';

/** What cursors are opened with. */
export interface Paging<Question = CustomerQuery> extends Pick<Cursors, 'open'> {
  /** A name of what is asked, whatever the page: of equal questions the same, of others another one. */
  questionOf(question: Question): string;
}

interface PageReading {
  /** Absent: no cursor is known. */
  readonly paging: Pick<Cursors, 'open'> | undefined;
  /** The present, in Unix milliseconds. */
  readonly now: number;
  readonly faults: Faults;
}

/** The page that a request asks for. */
export interface WantedPage {
  readonly limit: number;
  readonly cursor: CursorContent | null;
}

/** The parameters that page through a history. */
export const HISTORY_PARAMETERS = ['history', 'limit', 'cursor'] as const;

const COMPLETE = 'complete';
/** The most interactions of a page where nothing is said, and where something is. */
export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;
const BAD_CURSOR =
  'Begin again without a cursor: this one is not for this question, or is too old.';

/** Reads them; null if no history is wanted. */
export function readHistoryPage(parameters: Parameters, reading: PageReading): WantedPage | null {
  const { faults } = reading;
  const wanted = readText(parameters, 'history', { code: 'history-invalid', faults });
  if (wanted && wanted.text.trim() !== COMPLETE) {
    faults.add('history', 'history-invalid', `What history can be: ${COMPLETE}.`);
  }
  const page = readPage(parameters, reading);
  if (parameters.values.has('history')) return page;
  for (const name of ['limit', 'cursor']) {
    if (!parameters.values.has(name)) continue;
    faults.add(name, 'parameter-conflict', 'Only a history has pages: give history=complete.');
  }
  return null;
}

/** Reads `limit` and `cursor`. */
export function readPage(parameters: Parameters, { paging, now, faults }: PageReading): WantedPage {
  const range = { least: 1, most: MAX_LIMIT, code: 'limit-invalid', faults } as const;
  const limit = readWholeNumber(parameters, 'limit', range) ?? DEFAULT_LIMIT;
  const text = readText(parameters, 'cursor', { code: 'cursor-invalid', faults });
  const cursor = text && (paging?.open(text.text.trim(), now) ?? null);
  if (cursor === null) faults.add('cursor', 'cursor-invalid', BAD_CURSOR);
  return { limit, cursor: cursor ?? null };
}

/** The page of a question, once it is known what is asked; a cursor of another question is noted. */
export function pageOf<Question>(
  question: Question,
  { limit, cursor }: WantedPage,
  { paging, faults }: { paging: Paging<Question> | undefined; faults: Faults },
): PageRequest {
  if (cursor === null) return { limit, after: null, firstAt: null };
  if (paging?.questionOf(question) !== cursor.question) {
    faults.add('cursor', 'cursor-invalid', BAD_CURSOR);
  }
  return { limit, after: cursor.after, firstAt: cursor.firstAt };
}
