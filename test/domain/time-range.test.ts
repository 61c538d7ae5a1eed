// Time ranges: four canonical forms, their faults, and what is sent to the vendor for each.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchBounds, timeRangeView } from '../../src/domain/time-range.ts';
import { faultsOf, NOW, readBody, readQuery, tenantWith } from '../support/queries.ts';

const WHO = 'email=a@example.com';
const range = (times: string, options = {}) =>
  readQuery(`${WHO}&${times}`, options).query.timeRange;
const view = (times: string, options = {}) => timeRangeView(range(times, options));
const faults = (times: string) => faultsOf(() => readQuery(`${WHO}&${times}`));
const MINUTE = 60_000;

test('no times and the last year are the default form, for which no times are sent', () => {
  assert.deepEqual(view(''), { startTime: null, endTime: null, last: 'P1Y' });
  assert.deepEqual(range('last=P12M'), { form: 'default' });
  assert.deepEqual(searchBounds(range(''), { now: NOW, gridMs: MINUTE }), {});
});

test('a duration is rolling: its start is computed at each fetch, on the grid', () => {
  const rolling = range('last=PT720H');
  assert.deepEqual(timeRangeView(rolling), { startTime: null, endTime: null, last: 'P30D' });
  const startOf = (now: number) => searchBounds(rolling, { now, gridMs: MINUTE }).startAt;
  assert.equal(startOf(NOW), Date.parse('2026-05-16T12:34:00Z'));
  assert.equal(startOf(NOW + MINUTE), Date.parse('2026-05-16T12:35:00Z'));
});

test('a start alone, or with an end of now or later, is open', () => {
  const start = { startTime: '2026-06-01T00:00:00.000Z', endTime: null, last: null };
  for (const end of ['', '&endTime=2026-06-15T12:34:00Z', '&endTime=2027-01-01T00:00:00Z']) {
    assert.deepEqual(view(`startTime=2026-06-01T00:00:59.999Z${end}`), start, end);
  }
  const bounds = searchBounds(range('startTime=2026-06-01T00:00:30Z'), { now: 0, gridMs: MINUTE });
  assert.deepEqual(bounds, { startAt: Date.parse('2026-06-01T00:00:00Z') });
});

test('both ends in the past are closed, rounded outwards', () => {
  const closed = range('startTime=2026-06-01T00:00:30Z&endTime=2026-06-02T00:00:30Z');
  assert.deepEqual(timeRangeView(closed), {
    startTime: '2026-06-01T00:00:00.000Z',
    endTime: '2026-06-02T00:01:00.000Z',
    last: null,
  });
  assert.deepEqual(searchBounds(closed, { now: NOW, gridMs: MINUTE }), {
    startAt: Date.parse('2026-06-01T00:00:00Z'),
    endAt: Date.parse('2026-06-02T00:01:00Z'),
  });
});

test('an end that rounds to the present grid step is open, so that the form is canonical', () => {
  assert.equal(range('startTime=2026-06-01T00:00:00Z&endTime=2026-06-15T12:33:30Z').form, 'since');
  assert.equal(range('startTime=2026-06-01T00:00:00Z&endTime=2026-06-15T12:33:00Z').form, 'closed');
});

test('an end without a start begins one year before it', () => {
  assert.deepEqual(view('endTime=2024-02-29T12:00:00Z'), {
    startTime: '2023-02-28T12:00:00.000Z',
    endTime: '2024-02-29T12:00:00.000Z',
    last: null,
  });
});

test('the grid is the tenant\u2019s', () => {
  const options = { tenant: tenantWith({ timeGridMs: 3_600_000 }) };
  assert.equal(
    view('startTime=2026-06-01T10:59:59Z', options).startTime,
    '2026-06-01T10:00:00.000Z',
  );
});

test('an instant has seconds and a zone; spellings of one instant are one', () => {
  const spellings = [
    '2026-06-01T10:30:00Z',
    '2026-06-01T10:30:00-00:00',
    '2026-06-01T10:30:00.123456789Z',
    '2026-06-01T05:30:00-05:00',
    '2026-06-01T16:00:00%2B05:30',
    '2026-06-01T16:00:00+05:30',
    '%202026-06-01T10:30:00Z%20',
  ];
  for (const spelling of spellings) {
    assert.equal(view(`startTime=${spelling}`).startTime, '2026-06-01T10:30:00.000Z', spelling);
  }
});

test('a space before an offset is a plus only where there was one', () => {
  assert.deepEqual(faults('startTime=2026-06-01T16:00:00%2005:30'), ['startTime time-invalid']);
  const body = { email: 'a@example.com', startTime: '2026-06-01T16:00:00 05:30' };
  assert.deepEqual(
    faultsOf(() => readBody(body)),
    ['startTime time-invalid'],
  );
});

test('each fault of a time has its code', () => {
  const cases: Record<string, readonly string[]> = {
    'startTime=2026-06-01T10:30:00': ['startTime time-zone-missing'],
    'startTime=2026-06-01T10:30': ['startTime time-invalid'],
    'startTime=2026-06-01': ['startTime time-invalid'],
    'startTime=2026-02-30T00:00:00Z': ['startTime time-invalid'],
    'startTime=0000-01-01T00:00:00Z': ['startTime time-invalid'],
    'startTime=1717200000': ['startTime time-invalid'],
    'endTime=yesterday': ['endTime time-invalid'],
    'startTime=': ['startTime time-invalid'],
    'startTime=2026-06-02T00:00:00Z&endTime=2026-06-01T00:00:00Z': [
      'startTime time-range-inverted',
    ],
    'startTime=2026-06-02T00:00:00Z&endTime=2026-06-02T00:00:00Z': [
      'startTime time-range-inverted',
    ],
    'startTime=2026-06-15T12:34:57Z': ['startTime time-range-in-future'],
    'endTime=2028-06-15T12:34:57Z': ['endTime time-range-in-future'],
    'last=P30D&startTime=2026-06-01T00:00:00Z': ['last time-range-conflict'],
    'last=P30D&endTime=x': ['endTime time-invalid', 'last time-range-conflict'],
    'last=P0D': ['last duration-invalid'],
    'last=': ['last duration-invalid'],
    'last=P1D&last=P2D': ['last parameter-repeated'],
  };
  for (const [times, expected] of Object.entries(cases))
    assert.deepEqual(faults(times), expected, times);
});

test('an instant before 1970 is refused, whatever its offset, and a computed start is not earlier', () => {
  for (const instant of [
    '0001-01-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00%2B01:00',
  ]) {
    assert.deepEqual(faults(`startTime=${instant}`), ['startTime time-invalid'], instant);
    assert.deepEqual(faults(`endTime=${instant}`), ['endTime time-invalid'], instant);
  }
  assert.equal(view('endTime=1970-06-01T00:00:00Z').startTime, '1970-01-01T00:00:00.000Z');
  const far = 'startTime=2026-06-01T00:00:00Z&endTime=9999-12-31T23:59:59-23:59';
  assert.equal(range(far).form, 'since');
});

test('a range may be inverted and in the future at once', () => {
  assert.deepEqual(faults('startTime=2031-01-01T00:00:00Z&endTime=2030-01-01T00:00:00Z'), [
    'startTime time-range-inverted',
    'startTime time-range-in-future',
  ]);
});
