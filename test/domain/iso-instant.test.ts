// Instants as texts are those of `toISOString`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isoInstant } from '../../src/domain/iso-instant.ts';

const FIRST_AT = 0;
const LAST_AT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

test('an instant is written as toISOString writes it', () => {
  const instants = fc.oneof(
    fc.integer({ min: FIRST_AT, max: LAST_AT }),
    fc.constantFrom(FIRST_AT, LAST_AT, Date.UTC(2024, 1, 29), Date.UTC(2025, 0, 1) - 1),
  );
  const property = fc.property(instants, (at) => {
    assert.equal(isoInstant(at), new Date(at).toISOString());
  });
  fc.assert(property, { numRuns: 2_000 });
});
