// Our own count: shares are computed from the whole, never from shares.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addTallies, derivedFrom, tallyOf } from '../../src/domain/tally.ts';

const value = fc.constantFrom('email', 'phone', '__proto__', 'constructor', null);
const topics = fc.array(fc.constantFrom('billing', 'refund', 'toString'), { maxLength: 4 });
const counted = fc.record({
  channel: value,
  direction: value,
  product: value,
  sentiment: value,
  topics: topics.map((names) => names.map((name) => ({ name, matches: 1 }))),
});

const of = (...names: readonly string[]) => ({
  channel: 'email',
  direction: null,
  product: 'cc',
  sentiment: null,
  topics: names.map((name) => ({ name, matches: 7 })),
});

test('each value is counted, what is unknown is not, a topic once an interaction', () => {
  const derived = derivedFrom(tallyOf([of('refund', 'refund', 'billing'), of('billing'), of()]));
  assert.deepEqual(derived, {
    interactions: 3,
    byChannel: { email: 3 },
    byDirection: {},
    byProduct: { cc: 3 },
    bySentiment: {},
    topics: [
      { name: 'billing', interactions: 2, percentage: 66.67 },
      { name: 'refund', interactions: 1, percentage: 33.33 },
    ],
  });
});

test('nothing is counted in an empty history', () => {
  assert.deepEqual(derivedFrom(addTallies([])), {
    interactions: 0,
    byChannel: {},
    byDirection: {},
    byProduct: {},
    bySentiment: {},
    topics: [],
  });
});

test('shares of parts of different sizes are not averaged', () => {
  const parts = [tallyOf([of('billing')]), tallyOf([of(), of(), of()])];
  assert.deepEqual(derivedFrom(addTallies(parts)).topics, [
    { name: 'billing', interactions: 1, percentage: 25 },
  ]);
});

test('the sum over any parts is the count over the whole, to the byte', () => {
  fc.assert(
    fc.property(fc.array(fc.array(counted, { maxLength: 6 }), { maxLength: 6 }), (parts) => {
      const sum = addTallies(parts.map(tallyOf));
      assert.equal(JSON.stringify(sum), JSON.stringify(tallyOf(parts.flat())));
      const kept = JSON.parse(JSON.stringify(parts.map(tallyOf)));
      assert.equal(JSON.stringify(addTallies(kept)), JSON.stringify(sum));
    }),
  );
});
