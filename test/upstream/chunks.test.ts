// Summaries in calls of at most fifty ids: all of them, some of them, none of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import type { VendorSummary } from '../../src/domain/vendor-answer.ts';
import { inChunks } from '../../src/upstream/chunks.ts';
import { tenantWith } from '../support/queries.ts';

const context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set<string>(), coding: null },
};
const many = (count: number) => Array.from({ length: count }, (_, index) => `int-${index}`);

function summaryOf(interactionId: string): VendorSummary {
  const rest = { status: null, type: null, durationSeconds: null, createdAt: null };
  return { interactionId, text: `About ${interactionId}`, ...rest };
}

async function ask(count: number, isFailing: (call: number) => boolean = () => false) {
  const sizes: number[] = [];
  const source = inChunks()(async ({ interactionIds }) => {
    sizes.push(interactionIds.length);
    const call = sizes.length;
    if (isFailing(call)) {
      throw new Problem(call === 1 ? 'upstream-throttled' : 'upstream-unavailable');
    }
    return { summaries: interactionIds.map(summaryOf), failures: [] };
  });
  const query = { tenant: tenantWith(), interactionIds: many(count), owner: null };
  const answer = source(query, context);
  return { sizes, results: await answer };
}

test('fifty ids a call, as many calls as that needs', async () => {
  assert.deepEqual((await ask(1)).sizes, [1]);
  assert.deepEqual((await ask(50)).sizes, [50]);
  assert.deepEqual((await ask(51)).sizes, [50, 1]);
  assert.deepEqual((await ask(200)).sizes, [50, 50, 50, 50]);
});

test('the results are in the order asked, over all calls', async () => {
  const { results } = await ask(120);
  assert.deepEqual(
    results.map(({ id }) => id),
    many(120),
  );
  assert.ok(results.every((result) => 'summary' in result));
});

test('the ids of a call that failed are left out, the others stand', async () => {
  const { results } = await ask(120, (call) => call === 2);
  const answered = results.map(({ id }) => id);
  assert.deepEqual(answered, [...many(120).slice(0, 50), ...many(120).slice(100)]);
  const firstFailed = await ask(51, (call) => call === 1);
  assert.equal(firstFailed.results.length, 1);
});

test('if all calls fail the problem of the first is thrown', async () => {
  await assert.rejects(
    ask(120, () => true),
    { slug: 'upstream-throttled' },
  );
});
