// Instants as the vendor reads and writes them.

const DATE = String.raw`(\d{4})-(\d\d)-(\d\d)`;
const TIME = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?`;
const ZONE = String.raw`(Z|[+-](0\d|1[0-8]):[0-5]\d)`;
const WITH_ZONE = new RegExp(`^${DATE}T${TIME}${ZONE}$`);

/**
 * Unix time in milliseconds of an ISO-8601 date and time with a zone; undefined if it is none.
 * Seconds may be left out; a day that the month does not have is not a date.
 */
export function instantOf(text: string): number | undefined {
  const [, year, month, day] = WITH_ZONE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isInCalendar = date.getUTCMonth() === Number(month) - 1;
  return isInCalendar ? Date.parse(text) : undefined;
}

/** The same time and day one calendar year before, UTC (29 February becomes 28 February). */
export function yearBefore(instant: number): number {
  const date = new Date(instant);
  const month = date.getUTCMonth();
  date.setUTCFullYear(date.getUTCFullYear() - 1);
  if (date.getUTCMonth() !== month) date.setUTCDate(0);
  return date.getTime();
}

/** ISO-8601 without a zone, to the second: the vendor's `createdAt`. */
export function withoutZone(instant: number): string {
  return new Date(instant).toISOString().slice(0, 19);
}
