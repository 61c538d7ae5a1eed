// Timelines: what is merged, and what is said about the whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interactionFrom } from '../../src/domain/customer.ts';
import type { Gap } from '../../src/domain/history.ts';
import { timelinePage } from '../../src/domain/timeline.ts';
import { NOW } from '../support/queries.ts';
import { vendorInteraction } from '../support/vendor.ts';

const at = (id: string, startedAt: number | null) =>
  interactionFrom(vendorInteraction(id, { startedAt, mediaType: 'EMAIL' }));
const found = (ids: Readonly<Record<string, number | null>>, gaps: readonly Gap[] = []) => ({
  interactions: Object.entries(ids).map(([id, startedAt]) => at(id, startedAt)),
  gaps,
});
const ALL = { limit: 50, after: null, firstAt: null };
const gap = (from: number, to: number): Gap => ({
  startTime: new Date(NOW + from).toISOString(),
  endTime: new Date(NOW + to).toISOString(),
});

test('each once, newest first, those without a start last, with the places that found them', () => {
  const page = timelinePage(
    [found({ a: 1, b: 3, x: null }), found({ c: 2, b: 3 }), found({ b: 3 })],
    ALL,
  );
  assert.deepEqual(
    page.interactions.map(({ id, foundBy }) => [id, foundBy]),
    [
      ['b', [0, 1, 2]],
      ['c', [1]],
      ['a', [0]],
      ['x', [0]],
    ],
  );
  assert.equal(page.derived.interactions, 4);
  assert.deepEqual(page.derived.byChannel, { email: 4 });
  assert.equal(page.next, null);
});

test('pages follow one another', () => {
  const all = [found({ a: 1, b: 3 }), found({ c: 2, b: 3 })];
  const first = timelinePage(all, { ...ALL, limit: 2 });
  assert.deepEqual(first.next, { id: 'c', startedAt: 2 });
  const second = timelinePage(all, { ...ALL, limit: 2, after: first.next });
  assert.deepEqual(
    second.interactions.map(({ id }) => id),
    ['a'],
  );
  assert.equal(second.next, null);
  assert.deepEqual(second.derived, first.derived);
});

test('gaps of any of them are gaps of the whole, those that touch one', () => {
  const all = [
    found({}, [gap(10, 20), gap(0, 5)]),
    found({}, [gap(15, 30), gap(16, 17), gap(40, 50)]),
  ];
  assert.deepEqual(timelinePage(all, ALL).gaps, [gap(0, 5), gap(10, 30), gap(40, 50)]);
});
