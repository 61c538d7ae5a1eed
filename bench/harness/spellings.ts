// One customer in six spellings of identity and time range, and customers drawn as callers ask for them.

/** How many spellings a customer has. */
export const SPELLINGS = 6;

/**
 * The paths of one customer, all of which mean the same. Even numbers are known by their email
 * address, odd ones by their phone number. `number` is 0 to 9,999.
 */
export function spellingsOf(number: number): string[] {
  const identities = number % 2 === 0 ? emailSpellings(number) : phoneSpellings(number);
  return identities.map((identity, at) => pathOf({ ...identity, ...RANGES[at % RANGES.length] }));
}

/**
 * Numbers from 0 to `count - 1`, the small ones far more often (Zipf with exponent 1).
 * `random` is a number from 0 to below 1.
 */
export function createZipf(count: number): (random: number) => number {
  const sums: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    total += 1 / rank;
    sums.push(total);
  }
  return (random) => sums.findIndex((sum) => sum > random * total);
}

type Parameters = Readonly<Record<string, string>>;

function emailSpellings(number: number): Parameters[] {
  return [
    { email: `customer${number}@example.com` },
    { email: `Customer${number}@Example.COM` },
    { email: ` customer${number}@example.com ` },
    { customer: `email:customer${number}@example.com` },
    { customer: `CUSTOMER${number}@example.com` },
    { email: `customer${number}@example.com.` },
  ];
}

function phoneSpellings(number: number): Parameters[] {
  const line = String(number).padStart(4, '0');
  return [
    { phoneNumber: `+1415555${line}` },
    { phoneNumber: `(415) 555-${line}` },
    { phoneNumber: `415.555.${line}` },
    { customer: `phone:+1 415 555 ${line}` },
    { customer: `tel:+1-415-555-${line}` },
    { phoneNumber: `001415555${line}` },
  ];
}

/** One range: the same instants in other zones, and others within the same minutes. */
const RANGES: readonly Parameters[] = [
  { startTime: '2026-01-01T00:00:00Z', endTime: '2026-03-01T00:00:00Z' },
  { startTime: '2026-01-01T01:00:00+01:00', endTime: '2026-03-01T01:00:00+01:00' },
  { startTime: '2026-01-01T00:00:17Z', endTime: '2026-02-28T23:59:30Z' },
  { startTime: '2025-12-31T19:00:00-05:00', endTime: '2026-02-28T19:00:00-05:00' },
  { startTime: '2026-01-01T00:00:00.250Z', endTime: '2026-03-01T00:00:00.000Z' },
  { endTime: '2026-03-01T05:30:00+05:30', startTime: '2026-01-01T05:30:59+05:30' },
];

function pathOf(parameters: Parameters): string {
  const pairs = Object.entries(parameters).map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}`,
  );
  return `/v1/customer?${pairs.join('&')}`;
}
