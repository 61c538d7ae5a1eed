// Stretches of time, judged by the seconds that they hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clipSpans, joinSpans, type Span, subtractSpans } from '../../src/domain/span.ts';

const END = 40;
const span = fc.record({ from: fc.nat(END), to: fc.nat(END) });
const spans = fc.array(span, { maxLength: 8 });

const secondsOf = (all: readonly Span[]) => {
  const seconds = Array.from({ length: END }, (_, second) => second);
  return seconds.filter((second) => all.some(({ from, to }) => second >= from && second < to));
};

/** Disjoint, not touching, oldest first, none empty. */
function checkForm(all: readonly Span[]): void {
  for (const [index, { from, to }] of all.entries()) {
    assert.ok(from < to);
    const before = all[index - 1];
    if (before) assert.ok(before.to < from);
  }
}

test('joined spans hold the same seconds', () => {
  fc.assert(
    fc.property(spans, (all) => {
      const joined = joinSpans(all);
      checkForm(joined);
      assert.deepEqual(secondsOf(joined), secondsOf(all));
    }),
  );
});

test('what is left holds the seconds that nothing takes away', () => {
  fc.assert(
    fc.property(spans, spans, (wanted, held) => {
      const left = subtractSpans(wanted, held);
      checkForm(left);
      const taken = new Set(secondsOf(held));
      assert.deepEqual(
        secondsOf(left),
        secondsOf(wanted).filter((second) => !taken.has(second)),
      );
    }),
  );
});

test('clipped spans hold the seconds that both have', () => {
  fc.assert(
    fc.property(spans, span, (all, within) => {
      const clipped = clipSpans(all, within);
      const inside = new Set(secondsOf([within]));
      assert.deepEqual(
        secondsOf(clipped),
        secondsOf(all).filter((second) => inside.has(second)),
      );
    }),
  );
});
