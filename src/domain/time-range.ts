// The time range of a query, in one of four canonical forms.
import { z } from 'zod';
import { type Duration, formatDuration, parseDuration, subtractDuration } from './duration.ts';
import { type Faults, type Parameters, type RawText, readText } from './parameters.ts';

/**
 * *default*: the vendor's last year. *rolling*: a duration that ends when it is fetched. *since*: from an instant on.
 * *closed*: both ends. Instants are Unix milliseconds on the tenant's grid; `last` is a canonical duration.
 */
export type TimeRange =
  | { readonly form: 'default' }
  | { readonly form: 'rolling'; readonly last: string }
  | { readonly form: 'since'; readonly startAt: number }
  | { readonly form: 'closed'; readonly startAt: number; readonly endAt: number };

/** A time range as callers see it: ISO-8601 UTC texts, a duration, or null. */
export interface TimeRangeView {
  readonly startTime: string | null;
  readonly endTime: string | null;
  readonly last: string | null;
}

/** The bounds that are sent to the vendor, in Unix milliseconds; absent ones are not sent. */
export interface SearchBounds {
  readonly startAt?: number;
  readonly endAt?: number;
}

/** The parameters that name a range. */
export const TIME_PARAMETERS = ['startTime', 'endTime', 'last'] as const;

const ONE_YEAR: Duration = { months: 12, seconds: 0 };
const DEFAULT_LAST = 'P1Y';
/** What the default range stands for where its beginning has to be known. */
export const YEAR_AGO: TimeRange = { form: 'rolling', last: DEFAULT_LAST };
/** No interaction is older; and each later year has four digits. */
const EARLIEST = 0;
const WITH_ZONE = z.iso.datetime({ offset: true });

/** What a range is judged and rounded by: the present (Unix ms) and the tenant's grid (ms). */
export interface Calendar {
  readonly now: number;
  readonly gridMs: number;
  /** When it was asked for first, in Unix milliseconds: a range that was open then still is. Absent: now. */
  readonly firstAt?: number | undefined;
}

/** Reads the range of a request; undefined if there is a fault, which is then noted. */
export function readTimeRange(
  parameters: Parameters,
  calendar: Calendar,
  faults: Faults,
): TimeRange | undefined {
  const last = readText(parameters, 'last', { code: 'duration-invalid', faults });
  const start = readInstant(parameters, 'startTime', faults);
  const end = readInstant(parameters, 'endTime', faults);
  const hasInstant = parameters.values.has('startTime') || parameters.values.has('endTime');
  if (parameters.values.has('last') && hasInstant) {
    faults.add('last', 'time-range-conflict', 'Give either last, or startTime and endTime.');
  }
  if (parameters.values.has('last')) return last && readLast(last, faults);
  if (!hasInstant) return { form: 'default' };
  const isFaulty =
    (start === undefined && parameters.values.has('startTime')) ||
    (end === undefined && parameters.values.has('endTime'));
  return isFaulty ? undefined : rangeBetween({ start, end }, calendar, faults);
}

/** How a range is shown in an answer. */
export function timeRangeView(range: TimeRange): TimeRangeView {
  const nothing = { startTime: null, endTime: null, last: null };
  if (range.form === 'default') return { ...nothing, last: DEFAULT_LAST };
  if (range.form === 'rolling') return { ...nothing, last: range.last };
  const startTime = new Date(range.startAt).toISOString();
  if (range.form === 'since') return { ...nothing, startTime };
  return { startTime, endTime: new Date(range.endAt).toISOString(), last: null };
}

/** What is asked of the vendor for a range at this moment. */
export function searchBounds(range: TimeRange, { now, gridMs }: Calendar): SearchBounds {
  if (range.form === 'default') return {};
  if (range.form === 'since') return { startAt: range.startAt };
  if (range.form === 'closed') return { startAt: range.startAt, endAt: range.endAt };
  const duration = parseDuration(range.last) ?? ONE_YEAR;
  return { startAt: floorTo(subtractDuration(now, duration), gridMs) };
}

function readLast(last: RawText, faults: Faults): TimeRange | undefined {
  const duration = parseDuration(last.text.trim());
  if (duration === undefined) {
    return faults.add(
      'last',
      'duration-invalid',
      'Give an ISO 8601 duration of whole numbers such as P30D or PT12H, more than zero and at most P10Y.',
    );
  }
  const canonical = formatDuration(duration);
  return canonical === DEFAULT_LAST ? { form: 'default' } : { form: 'rolling', last: canonical };
}

function rangeBetween(
  { start, end }: { start: number | undefined; end: number | undefined },
  { now, gridMs, firstAt = now }: Calendar,
  faults: Faults,
): TimeRange | undefined {
  const from = start ?? Math.max(subtractDuration(end ?? now, ONE_YEAR), EARLIEST);
  const parameter = start === undefined ? 'endTime' : 'startTime';
  const isInverted = end !== undefined && from >= end;
  if (isInverted) {
    faults.add(parameter, 'time-range-inverted', 'startTime must be before endTime.');
  }
  if (from > now) {
    faults.add(parameter, 'time-range-in-future', 'The range must begin in the past.');
  }
  if (isInverted || from > now) return undefined;
  const startAt = floorTo(from, gridMs);
  const endAt = end === undefined ? undefined : ceilTo(end, gridMs);
  // Judged by the rounded end, so that a canonical range is the same range again.
  const isOpen = endAt === undefined || endAt >= floorTo(firstAt, gridMs);
  return isOpen ? { form: 'since', startAt } : { form: 'closed', startAt, endAt };
}

function readInstant(
  parameters: Parameters,
  name: 'startTime' | 'endTime',
  faults: Faults,
): number | undefined {
  const raw = readText(parameters, name, { code: 'time-invalid', faults });
  if (raw === undefined) return undefined;
  const text = restoreOffset(raw).trim();
  const at = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  if (WITH_ZONE.safeParse(text).success && at >= EARLIEST) return at;
  return WITH_ZONE.safeParse(`${text}Z`).success
    ? faults.add(name, 'time-zone-missing', 'Add Z or an offset such as -05:00.')
    : faults.add(
        name,
        'time-invalid',
        'Give an ISO 8601 instant from 1970 on, with seconds, such as 2025-08-15T10:30:00Z; in a URL write + as %2B.',
      );
}

/** In a query string a `+` means a space; that of an offset is put back. */
function restoreOffset({ text, literal }: RawText): string {
  const offset = / \d\d:\d\d\s*$/.exec(text);
  const wasPlus = offset !== null && literal[offset.index] === '+';
  return wasPlus ? `${text.slice(0, offset.index)}+${text.slice(offset.index + 1)}` : text;
}

function floorTo(at: number, gridMs: number): number {
  return Math.floor(at / gridMs) * gridMs;
}

function ceilTo(at: number, gridMs: number): number {
  return Math.ceil(at / gridMs) * gridMs;
}
