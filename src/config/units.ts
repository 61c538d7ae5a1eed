// Durations and sizes as people write them, to milliseconds and bytes and back.

const QUANTITY = /^(0|[1-9][0-9]*)([A-Za-z]+)$/;

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);

const BYTES_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
]);

/** `250ms`, `30s`, `5m`, `2h` or `1d` in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, MS_PER_UNIT);
}

/** `100B`, `512KiB`, `256MiB` or `1GiB` in bytes; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, BYTES_PER_UNIT);
}

/** Milliseconds in the largest unit that holds them as a whole number: 60000 is `1m`. */
export function formatDuration(ms: number): string {
  return formatQuantity(ms, MS_PER_UNIT, '0s');
}

/** Bytes in the largest unit that holds them as a whole number: 1048576 is `1MiB`. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, BYTES_PER_UNIT, '0B');
}

function parseQuantity(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const [, digits, unit] = QUANTITY.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units.get(unit);
  if (factor === undefined) return undefined;
  const amount = Number(digits) * factor;
  return Number.isSafeInteger(amount) ? amount : undefined;
}

/** `units` are ordered from the largest to the smallest, which is 1. */
function formatQuantity(amount: number, units: ReadonlyMap<string, number>, zero: string): string {
  if (amount === 0) return zero;
  const [unit, factor] = [...units].find(([, each]) => amount % each === 0) ?? ['', 1];
  return `${amount / factor}${unit}`;
}
