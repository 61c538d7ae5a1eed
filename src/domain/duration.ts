// ISO 8601 durations of whole numbers, with a canonical form and calendar arithmetic in UTC.

/** Months vary in length and are kept apart from seconds; days have 86,400 of them in UTC. */
export interface Duration {
  readonly months: number;
  readonly seconds: number;
}

const PATTERN =
  /^P(?:(\d{1,9})W|(?=\d|T\d)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?)$/;

const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_AVERAGE_MONTH = (365.25 / 12) * SECONDS_PER_DAY;
const MAX_SECONDS = 120 * SECONDS_PER_AVERAGE_MONTH;

/** Reads `P30D`, `PT12H`, `P1Y`, `P2W`: more than zero, at most `P10Y`; undefined for anything else. */
export function parseDuration(text: string): Duration | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [weeks, years, months, days, hours, minutes, seconds] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const duration = {
    months: years * 12 + months,
    seconds: (weeks * 7 + days) * SECONDS_PER_DAY + hours * 3600 + minutes * 60 + seconds,
  };
  const length = duration.months * SECONDS_PER_AVERAGE_MONTH + duration.seconds;
  return length > 0 && length <= MAX_SECONDS ? duration : undefined;
}

/** The canonical spelling: equal durations have one, and it reads back as the same duration. */
export function formatDuration({ months, seconds }: Duration): string {
  const date =
    part(Math.floor(months / 12), 'Y') +
    part(months % 12, 'M') +
    part(Math.floor(seconds / SECONDS_PER_DAY), 'D');
  const time =
    part(Math.floor((seconds % SECONDS_PER_DAY) / 3600), 'H') +
    part(Math.floor((seconds % 3600) / 60), 'M') +
    part(seconds % 60, 'S');
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

/** The instant (Unix ms) that lies a duration before another: months first, clamped to the month's end. */
export function subtractDuration(at: number, { months, seconds }: Duration): number {
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - months);
  date.setUTCDate(Math.min(day, daysInMonth(date)));
  return date.getTime() - seconds * 1000;
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

function part(amount: number, unit: string): string {
  return amount === 0 ? '' : `${amount}${unit}`;
}
