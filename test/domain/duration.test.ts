// ISO 8601 durations: what is read, the one canonical spelling, and the calendar.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration, subtractDuration } from '../../src/domain/duration.ts';

const canonical = (text: string) => {
  const duration = parseDuration(text);
  return duration && formatDuration(duration);
};

test('equal durations have one spelling', () => {
  const spellings: Record<string, string> = {
    P30D: 'P30D',
    PT12H: 'PT12H',
    P1Y: 'P1Y',
    P12M: 'P1Y',
    P2W: 'P14D',
    PT48H: 'P2D',
    PT90M: 'PT1H30M',
    PT3600S: 'PT1H',
    P1Y2M3DT4H5M6S: 'P1Y2M3DT4H5M6S',
    P0Y30D: 'P30D',
    P007D: 'P7D',
    P10Y: 'P10Y',
  };
  for (const [text, expected] of Object.entries(spellings)) assert.equal(canonical(text), expected);
});

test('what is no whole duration within bounds is refused', () => {
  const refused = [
    '',
    'P',
    'PT',
    'P1',
    '30D',
    'P0D',
    'PT0S',
    'P-1D',
    '-P1D',
    'P1.5D',
    'P1H',
    'PT1D',
    'P1DT',
    'p1d',
    'P1W1D',
    'P11Y',
    'P121M',
    'P3653D',
    'P10YT1S',
    'P99999999999D',
    ' P1D',
    'P1D\n',
    'PT87661H',
  ];
  for (const text of refused) assert.equal(parseDuration(text), undefined, text);
});

test('months are of the calendar and end within the month', () => {
  const before = (text: string, at: string) => {
    const duration = parseDuration(text);
    assert.ok(duration);
    return new Date(subtractDuration(Date.parse(at), duration)).toISOString();
  };
  assert.equal(before('P1M', '2026-03-31T10:00:00Z'), '2026-02-28T10:00:00.000Z');
  assert.equal(before('P1M', '2024-03-31T10:00:00Z'), '2024-02-29T10:00:00.000Z');
  assert.equal(before('P1Y', '2024-02-29T10:00:00Z'), '2023-02-28T10:00:00.000Z');
  assert.equal(before('P1M1D', '2026-03-31T10:00:00Z'), '2026-02-27T10:00:00.000Z');
  assert.equal(before('P14M', '2026-01-15T00:00:00Z'), '2024-11-15T00:00:00.000Z');
  assert.equal(before('P1D', '2026-03-01T00:00:00Z'), '2026-02-28T00:00:00.000Z');
});

test('a canonical duration reads back as itself', () => {
  const amounts = fc.array(fc.nat({ max: 400 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(amounts, ([y, mo, d, h, mi, s]) => {
      const spelled = canonical(`P${y}Y${mo}M${d}DT${h}H${mi}M${s}S`);
      if (spelled !== undefined) assert.equal(canonical(spelled), spelled);
    }),
  );
});
