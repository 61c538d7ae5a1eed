// Durations and sizes: what is read, what is refused, and that writing them back loses nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/units.ts';

test('durations are read as milliseconds', () => {
  const read = ['0s', '250ms', '30s', '5m', '2h', '1d'].map(parseDuration);
  assert.deepEqual(read, [0, 250, 30_000, 300_000, 7_200_000, 86_400_000]);
});

test('sizes are read as bytes', () => {
  const read = ['0B', '10B', '512KiB', '256MiB', '1GiB'].map(parseSize);
  assert.deepEqual(read, [0, 10, 524_288, 268_435_456, 1_073_741_824]);
});

test('anything else is refused', () => {
  const wrong = ['', '5', 's', '-1s', '+1s', '1.5s', '1 s', ' 1s', '1s\n', '01s', '1S', '1M', '1w'];
  for (const text of [...wrong, '1e3s', '٣s', '9007199254740993ms', '1000000000d']) {
    assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  }
  for (const text of [...wrong, '1KB', '1kib', '1Ki', '1K', '1MB', '1TiB', '99999999GiB']) {
    assert.equal(parseSize(text), undefined, JSON.stringify(text));
  }
});

test('what is written is read back as the same', () => {
  const amount = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(fc.property(amount, (ms) => parseDuration(formatDuration(ms)) === ms));
  fc.assert(fc.property(amount, (bytes) => parseSize(formatSize(bytes)) === bytes));
});

test('the largest whole unit is written', () => {
  const durations = [0, 250, 60_000, 90_000, 86_400_000].map(formatDuration);
  assert.deepEqual(durations, ['0s', '250ms', '1m', '90s', '1d']);
  assert.deepEqual([0, 1, 2_097_152].map(formatSize), ['0B', '1B', '2MiB']);
});
