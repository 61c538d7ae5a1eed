// What is held of a history, and until when: the last word on each second is the newest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Covered, cover, coverageOf, uncover } from '../../src/domain/coverage.ts';
import type { Span } from '../../src/domain/span.ts';
import { NOW, tenantWith } from '../support/queries.ts';

const DAY = 86_400;
const { freshness: policy } = tenantWith();
const second = Math.floor(NOW / 1000);
const asked = { fetchedAt: NOW, isWhole: true, policy, random: 0.5 };

const edgesOf = (held: readonly Covered[]) =>
  held.map(({ from, to }) => [from - second, to - second]);

test('what had settled is fresh for longer than what may still change', () => {
  const span = { from: second - 10 * DAY, to: second };
  const [settled, open, ...others] = coverageOf(span, asked);
  assert.ok(settled && open);
  assert.deepEqual(others, []);
  assert.deepEqual(edgesOf([settled, open]), [
    [-10 * DAY, -2 * DAY],
    [-2 * DAY, 0],
  ]);
  assert.ok(settled.staleAt - NOW > 10 * (open.staleAt - NOW));
});

test('nothing is settled before a day has passed, whatever the tenant says', () => {
  const impatient = { ...asked, policy: { ...policy, settleMs: 0 } };
  const span = { from: second - 3 * DAY, to: second };
  assert.deepEqual(edgesOf(coverageOf(span, impatient)), [
    [-3 * DAY, -DAY],
    [-DAY, 0],
  ]);
});

test('a span that is all settled, or all open, is one piece', () => {
  assert.equal(coverageOf({ from: second - 9 * DAY, to: second - 8 * DAY }, asked).length, 1);
  assert.equal(coverageOf({ from: second - 60, to: second }, asked).length, 1);
});

test('a minute later one piece is added to what has settled, and joined with it', () => {
  const span = { from: second - 10 * DAY, to: second };
  const later = { ...asked, fetchedAt: NOW + 60_000 };
  const rest = { from: second - 2 * DAY, to: second + 60 };
  const held = cover(coverageOf(span, asked), coverageOf(rest, later));
  assert.deepEqual(edgesOf(held), [
    [-10 * DAY, -2 * DAY + 60],
    [-2 * DAY + 60, 60],
  ]);
  // What is joined ends with its first part.
  assert.equal(held[0]?.staleAt, coverageOf(span, asked)[0]?.staleAt);
  assert.equal(held[0]?.fetchedAt, NOW);
});

test('what holds more than the vendor tells is never joined', () => {
  const [first] = coverageOf({ from: second - 9 * DAY, to: second - 8 * DAY }, asked);
  const [next] = coverageOf(
    { from: second - 8 * DAY, to: second - 7 * DAY },
    { ...asked, isWhole: false },
  );
  assert.ok(first && next);
  assert.equal(cover([first], [next]).length, 2);
});

test('each second is held as it was told of last', () => {
  const END = 30;
  const spans = fc
    .tuple(fc.nat(END), fc.integer({ min: 1, max: 9 }))
    .map(([from, length]): Span => ({ from, to: from + length }));
  const piece = fc.tuple(spans, fc.nat(5), fc.boolean());
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const told = pieces.map(([span, hour, isWhole], index): Covered => {
        const at = hour * 3_600_000;
        return { ...span, fetchedAt: index, staleAt: at, deleteAt: at, isWhole };
      });
      const held = told.reduce<readonly Covered[]>((before, next) => cover(before, [next]), []);
      for (let at = 0; at < END + 9; at += 1) {
        const isAt = ({ from, to }: Span) => at >= from && at < to;
        const [found, ...others] = held.filter(isAt);
        const last = told.findLast(isAt);
        assert.deepEqual(others, []);
        assert.equal(found?.isWhole, last?.isWhole);
        if (found && last) assert.ok(found.staleAt <= last.staleAt);
      }
      assert.deepEqual(uncover(held, [{ from: 0, to: END + 9 }]), []);
    }),
  );
});
