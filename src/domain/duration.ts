// ISO 8601 durations of whole numbers, with a canonical form and calendar arithmetic in UTC.

/** Months vary in length and are kept apart from seconds; days have 86,400 of them in UTC. */
export interface Duration {
  readonly months: number;
  readonly seconds: number;
}

const DATE = '(?:(?<years>\\d{1,9})Y)?(?:(?<months>\\d{1,9})M)?(?:(?<days>\\d{1,9})D)?';
const TIME = '(?:(?<hours>\\d{1,9})H)?(?:(?<minutes>\\d{1,9})M)?(?:(?<seconds>\\d{1,9})S)?';
const PATTERN = new RegExp(`^P(?:(?<weeks>\\d{1,9})W|(?=\\d|T\\d)${DATE}(?:T(?=\\d)${TIME})?)$`);

const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_AVERAGE_MONTH = (365.25 / 12) * SECONDS_PER_DAY;
const MAX_SECONDS = 120 * SECONDS_PER_AVERAGE_MONTH;

/** Reads `P30D`, `PT12H`, `P1Y`, `P2W`: more than zero, at most `P10Y`; undefined for anything else. */
export function parseDuration(text: string): Duration | undefined {
  const groups = PATTERN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const count = (unit: string) => Number(groups[unit] ?? 0);
  const days = count('weeks') * 7 + count('days');
  const duration = {
    months: count('years') * 12 + count('months'),
    seconds:
      days * SECONDS_PER_DAY + count('hours') * 3600 + count('minutes') * 60 + count('seconds'),
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
