// The formats of an export: NDJSON, and CSV (RFC 4180). The last line says that nothing is cut off.
import { stringify } from 'csv-stringify/sync';
import { type FieldSelection, isFieldShown, selectInteraction } from '../domain/customer-view.ts';
import type { ExportEnd } from '../domain/history.ts';
import { INTERACTION_FIELDS, type Interaction } from '../domain/interaction.ts';
import { readWeights } from './weights.ts';

/** A format, for a caller who sees some fields. */
export interface ExportFormat {
  readonly contentType: string;
  /** Comes before everything else. */
  readonly head: string;
  rows(interactions: readonly Interaction[]): string;
  end(end: ExportEnd): string;
}

type CreateFormat = (selection: FieldSelection) => ExportFormat;

/** The first one for those who take any. */
const FORMATS: readonly (readonly [mediaType: string, create: CreateFormat])[] = [
  ['application/x-ndjson', ndjson],
  ['text/csv', csv],
];

/** The format that an `Accept` header (RFC 9110 §12.5.1) wants most; undefined if it takes none. */
export function chooseFormat(accept: string | undefined): CreateFormat | undefined {
  const weights = readWeights(accept?.trim() || '*/*');
  const weightOf = (mediaType: string) => {
    const group = mediaType.replace(/\/.*/, '/*');
    return weights.get(mediaType) ?? weights.get(group) ?? weights.get('*/*') ?? 0;
  };
  const taken = FORMATS.filter(([mediaType]) => weightOf(mediaType) > 0);
  const [best] = taken.sort(([a], [b]) => weightOf(b) - weightOf(a));
  return best?.[1];
}

function ndjson(selection: FieldSelection): ExportFormat {
  const line = (value: object) => `${JSON.stringify(value)}\n`;
  return {
    contentType: 'application/x-ndjson; charset=utf-8',
    head: '',
    rows: (interactions) =>
      interactions.map((each) => line(selectInteraction(each, selection))).join(''),
    end: ({ interactions, gaps }) =>
      line({ end: true, complete: gaps.length === 0, interactions, gaps }),
  };
}

function csv(selection: FieldSelection): ExportFormat {
  const columns = INTERACTION_FIELDS.filter((name) => isFieldShown(name, selection));
  const lines = (rows: readonly (readonly unknown[])[]) =>
    // Spreadsheets would compute cells that begin like a formula: those get an apostrophe.
    stringify([...rows], {
      record_delimiter: 'windows',
      quote_record_delimiter: true,
      escape_formulas: true,
    });
  return {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: lines([columns]),
    rows: (interactions) =>
      lines(interactions.map((each) => columns.map((name) => cellOf(each[name])))),
    end: ({ interactions, gaps }) => lines([['#end', String(gaps.length === 0), interactions]]),
  };
}

/** Lists are joined; of a topic its name is told. */
function cellOf(value: Interaction[keyof Interaction]): string | number | null {
  if (value === undefined || value === null || typeof value !== 'object') return value ?? null;
  if (!Array.isArray(value)) return null;
  const items: readonly (string | { readonly name: string })[] = value;
  return items.map((item) => (typeof item === 'string' ? item : item.name)).join(';');
}
