// Raw parameters of a request, from a query string or a JSON body, read strictly and without losing a fault.
import { type Fault, type FaultCode, Problem } from './problem.ts';

/** A value in two readings: `text` as forms are decoded (`+` is a space), `literal` with each `+` kept. */
export interface RawText {
  readonly text: string;
  readonly literal: string;
}

/** The values of each parameter by name: decoded texts from a query string, any JSON from a body. */
export interface Parameters {
  readonly from: 'query' | 'body';
  /** True if there were some in a query string beside the body; their values are not read. */
  readonly isSplit?: boolean;
  readonly values: ReadonlyMap<string, readonly unknown[]>;
  /** What they were read from; absent for those of a body. */
  readonly queryString?: string;
}

const ILL_FORMED = Symbol('ill-formed');

/** A class, so that no JSON value can pass for one. */
class FormText implements RawText {
  readonly text: string;
  readonly literal: string;

  constructor(text: string, literal: string) {
    this.text = text;
    this.literal = literal;
  }
}

const MAX_UNKNOWN_REPORTED = 20;

/** Reads a query string (without `?`). Never throws: what does not decode is reported when it is read. */
export function parametersFromQuery(queryString: string): Parameters {
  const values = new Map<string, unknown[]>();
  for (const pair of queryString.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const raw = equals < 0 ? '' : pair.slice(equals + 1);
    const text = decode(raw.replaceAll('+', ' '));
    const literal = decode(raw);
    const value =
      text === undefined || literal === undefined ? ILL_FORMED : new FormText(text, literal);
    const key = name ?? '\ufffd';
    const held = values.get(key);
    if (held) held.push(value);
    else values.set(key, [value]);
  }
  return { from: 'query', values, queryString };
}

/** Reads a JSON object. */
export function parametersFromBody(
  body: Readonly<Record<string, unknown>>,
  { isSplit = false } = {},
): Parameters {
  return {
    from: 'body',
    isSplit,
    values: new Map(Object.entries(body).map(([name, value]) => [name, [value]])),
  };
}

/** Collects faults, so that a request hears of all of them at once. */
export class Faults {
  readonly #faults: Fault[] = [];

  add(parameter: string, code: FaultCode, detail: string): undefined {
    this.#faults.push({ parameter, code, detail });
    return undefined;
  }

  /** Adds the faults of others, those that say the same once. */
  addEachOnce(others: Faults): void {
    const byContent = new Map(others.#faults.map((fault) => [JSON.stringify(fault), fault]));
    this.#faults.push(...byContent.values());
  }

  /** Adds the faults of something that stands within a parameter. */
  addWithin(place: string, others: Faults): void {
    for (const { parameter, code, detail } of others.#faults) {
      this.add(`${place}.${parameter}`, code, detail);
    }
  }

  /** @throws {Problem} `invalid-request` with all faults, if there is one. */
  throwIfAny(): void {
    if (this.#faults.length > 0) throw new Problem('invalid-request', { errors: this.#faults });
  }
}

/**
 * Reads the one text of a parameter; undefined when it was not given or has a fault, which is then noted.
 * A blank value, ill-formed Unicode and control characters are noted under `code`.
 */
export function readText(
  parameters: Parameters,
  name: string,
  { code, faults }: { code: FaultCode; faults: Faults },
): RawText | undefined {
  const values = parameters.values.get(name);
  if (values === undefined) return undefined;
  if (values.length > 1) {
    return faults.add(name, 'parameter-repeated', 'Give this parameter once.');
  }
  return checkText(values[0], name, { code, faults });
}

/**
 * Reads a whole number: digits in a query string, a number in JSON. Undefined when it was not given or has a fault,
 * which is then noted; what is no whole number from `least` to `most` is noted under `code`.
 */
export function readWholeNumber(
  parameters: Parameters,
  name: string,
  { least, most, code, faults }: { least: number; most: number; code: FaultCode; faults: Faults },
): number | undefined {
  const values = parameters.values.get(name);
  const [given] = values ?? [];
  if (values !== undefined && parameters.from === 'body' && typeof given !== 'number') {
    return faults.add(name, 'parameter-type', 'This parameter is a number.');
  }
  const number =
    typeof given === 'number'
      ? given
      : numberFrom(readText(parameters, name, { code, faults })?.text);
  if (number === undefined) return undefined;
  const isWithin = Number.isInteger(number) && number >= least && number <= most;
  return isWithin
    ? number
    : faults.add(name, code, `Give a whole number from ${least} to ${most}.`);
}

/**
 * Reads a list: comma-separated or repeated in a query string, an array of texts in JSON.
 * Undefined when it was not given or has a fault, which is then noted.
 */
export function readList(
  parameters: Parameters,
  name: string,
  { code, faults }: { code: FaultCode; faults: Faults },
): readonly string[] | undefined {
  const words = readTexts(parameters, name, { code, faults });
  if (words?.length === 0) {
    return faults.add(name, code, 'Name at least one, or leave the list out.');
  }
  return parameters.from === 'query' ? words?.flatMap((word) => word.split(',')) : words;
}

/**
 * Reads every value of a repeated query parameter, or the array of a JSON one, without splitting at commas.
 * Undefined when it was not given or has a fault; each kind of fault is noted once.
 */
export function readTexts(
  parameters: Parameters,
  name: string,
  { code, faults }: { code: FaultCode; faults: Faults },
): readonly string[] | undefined {
  const items = listItems(parameters, name, faults);
  if (items === undefined) return undefined;
  const once = new Faults();
  const texts = items.map((item) => checkText(item, name, { code, faults: once })?.text);
  faults.addEachOnce(once);
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/** Notes parameters in two places, and every one that is not in `known`. A name is shown only if it cannot be a value in disguise. */
export function refuseUnknown(
  parameters: Parameters,
  known: ReadonlySet<string>,
  faults: Faults,
): void {
  if (parameters.isSplit) {
    const detail = 'With this method all parameters go into the body; the URL has no query string.';
    faults.add('body', 'parameter-conflict', detail);
  }
  const unknown = [...parameters.values.keys()].filter((name) => !known.has(name));
  for (const name of unknown.slice(0, MAX_UNKNOWN_REPORTED)) {
    faults.add(
      isShowable(name) ? name : '(not shown)',
      'parameter-unknown',
      'This parameter is not known here; remove it.',
    );
  }
}

/** Not a number for a text that is none. */
function numberFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
}

/** True for well-formed Unicode without control characters and without those that cannot be seen. */
function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\p{Cf}]/u.test(text);
}

function listItems(
  parameters: Parameters,
  name: string,
  faults: Faults,
): readonly unknown[] | undefined {
  const values = parameters.values.get(name);
  if (values === undefined || parameters.from === 'query') return values;
  const [list] = values;
  return Array.isArray(list)
    ? list
    : faults.add(name, 'parameter-type', 'This parameter is an array of texts.');
}

function checkText(
  value: unknown,
  name: string,
  { code, faults }: { code: FaultCode; faults: Faults },
): RawText | undefined {
  if (value === ILL_FORMED) {
    return faults.add(
      name,
      code,
      'The percent escapes of this value are not UTF-8; encode it again.',
    );
  }
  const raw = typeof value === 'string' ? new FormText(value, value) : value;
  if (!(raw instanceof FormText)) {
    return faults.add(name, 'parameter-type', 'This parameter is a text.');
  }
  if (!isPlainText(raw.text)) {
    return faults.add(
      name,
      code,
      'Remove control characters, invisible characters and lone surrogates.',
    );
  }
  if (raw.text.trim() === '') {
    return faults.add(name, code, 'The value is empty; give one, or leave the parameter out.');
  }
  return raw;
}

function isShowable(name: string): boolean {
  return /^[A-Za-z_]{1,32}$/.test(name);
}

/** Percent-decodes; undefined for escapes that are not UTF-8 and for characters that a URL may not hold. */
function decode(raw: string): string | undefined {
  if (/[^\x21-\x7e ]/.test(raw)) return undefined;
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}
