// The text of a YAML file: its data, and the line at which each part of it stands.
import { normalize } from 'node:path';
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import type { Fault } from './faults.ts';

/** The way from the root of the file to a value: names in mappings, indices in lists. */
export type Path = readonly (string | number)[];

/** Something wrong at a path in the file. */
export interface Finding extends Omit<Fault, 'place'> {
  readonly path: Path;
}

/** A file that was read. */
export interface YamlDocument {
  /** Plain data, null for an empty file; undefined where the YAML is too broken to go on. */
  readonly data: unknown;
  /**
   * What is wrong with the YAML itself, and the findings, in the order of their lines. A place is
   * `config.yaml:12 tenants.acme.region`; what is missing has the line of what is around it.
   */
  readonly report: (findings: readonly Finding[]) => readonly Fault[];
}

type Located = Omit<Fault, 'place'> & { readonly offset: number; readonly path: Path };

const MOST_SYNTAX_FAULTS = 10;

// Own words for the library's: its messages quote the file, and a secret may stand there.
const SYNTAX_PROBLEMS: Partial<Record<ErrorCode, readonly [problem: string, mend: string]>> = {
  DUPLICATE_KEY: ['has a key that was there before', 'Keep one of the two.'],
  NON_STRING_KEY: ['has a key that is not plain text', 'Write a plain name before the colon.'],
  TAB_AS_INDENT: ['is indented with a tab', 'Indent with spaces.'],
  BAD_INDENT: [
    'is not indented as its neighbours, or follows something that is not closed',
    'Indent it like its neighbours, and close every bracket and quote.',
  ],
  MULTIPLE_DOCS: ['begins a second document', 'Keep one document in the file.'],
  TAG_RESOLVE_FAILED: ['has a tag (!name)', 'Write the value without a tag.'],
  MISSING_CHAR: ['lacks a closing bracket, quote or colon', 'Close what was opened.'],
  RESOURCE_EXHAUSTION: ['is nested too deeply', 'Write the file with fewer levels.'],
};

const NOT_YAML = ['is not valid YAML', 'Mend this line or the one before it.'] as const;

/** Reads YAML. Whatever is wrong with it is told by `report`; nothing is thrown. */
export function readYaml(text: string, path: string): YamlDocument {
  const file = normalize(path);
  try {
    return readDocument(text, file);
  } catch {
    const problem = 'is nested too deeply, or has too many aliases';
    const mend = 'Write the file with fewer levels and aliases.';
    return { data: undefined, report: () => [{ place: file, problem, mend }] };
  }
}

function readDocument(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const options = { stringKeys: true, resolveKnownTags: false, schema: 'core' } as const;
  const document = parseDocument(text, { ...options, lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const isReadable = document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  const nodes = isReadable ? nodeFaults(document) : [];
  const own = [...syntaxFaults(document, lineOf), ...nodes];
  const report = (findings: readonly Finding[]): readonly Fault[] =>
    [...own, ...findings.map((each) => ({ ...each, offset: offsetOf(document, each.path) }))]
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ offset, path, problem, mend }) => {
        const place = `${file}:${lineOf(offset)} ${pathText(path)}`.trimEnd();
        return { place, problem, mend };
      });
  return { data: isReadable && nodes.length === 0 ? document.toJS() : undefined, report };
}

/** The first of each line, since one slip brings others with it, and not too many. */
function syntaxFaults(document: Document.Parsed, lineOf: (offset: number) => number): Located[] {
  const first = new Map<number, Located>();
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const [offset] = pos;
    const [problem, mend] = SYNTAX_PROBLEMS[code] ?? NOT_YAML;
    const earlier = first.get(lineOf(offset));
    if (earlier !== undefined && earlier.offset <= offset) continue;
    first.set(lineOf(offset), { offset, path: [], problem, mend });
  }
  return [...first.values()].toSorted((a, b) => a.offset - b.offset).slice(0, MOST_SYNTAX_FAULTS);
}

function nodeFaults(document: Document.Parsed): Located[] {
  const faults: Located[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      const mend = 'Put the anchor (&name) before it, or write the value itself.';
      const offset = alias.range?.[0] ?? 0;
      faults.push({ offset, path: [], problem: 'has an alias without an anchor', mend });
    },
    Pair: (_, { key }) => {
      // JavaScript gives this name a meaning of its own: it would vanish from the data.
      if (!isScalar(key) || key.value !== '__proto__') return;
      const offset = key.range?.[0] ?? 0;
      faults.push({
        offset,
        path: [],
        problem: 'has a key that is never known',
        mend: 'Remove it.',
      });
    },
  });
  return faults;
}

/** Where the deepest part of the path that exists begins. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => isScalar(key) && key.value === step);
      offset = startOf(pair?.key) ?? offset;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function pathText(path: Path): string {
  return path.map((step, at) => stepText(step, at === 0)).join('');
}

function stepText(step: string | number, isFirst: boolean): string {
  if (typeof step === 'number') return `[${step}]`;
  const name = /^[\w-]{1,64}$/.test(step) ? step : JSON.stringify(step.slice(0, 64));
  return isFirst ? name : `.${name}`;
}
