// Joining summaries: by id, fresh for the shortest part, and never the reason why a customer fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEntry } from '../../src/cache/entry.ts';
import { joinSummaries, whenIncluded } from '../../src/cache/join-summaries.ts';
import type { HeldSummaries } from '../../src/cache/summary-cache.ts';
import { type Customer, customerFrom } from '../../src/domain/customer.ts';
import { type Instants, instantsFrom } from '../../src/domain/freshness.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Context, Source } from '../../src/domain/source.ts';
import type { SummariesQuery } from '../../src/domain/summaries.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';
import { vendorCustomer, vendorInteraction } from '../support/vendor.ts';

const ask: Context = { refresh: false, view: { fields: null, hide: new Set(), coding: null } };
const { query } = readQuery('email=ann@example.com&include=summaries');
const provenance = { outcome: 'miss', stored: true } as const;
const summary = { text: 'Paid.', status: null, type: null, durationSeconds: 1, createdAt: null };

async function join(
  ids: readonly string[],
  summaries: Source<SummariesQuery, HeldSummaries>,
): Promise<{ customer: Customer; instants: Instants }> {
  const customer = customerFrom(query, vendorCustomer(ids.map((id) => vendorInteraction(id))));
  const entry = createEntry(Buffer.from(JSON.stringify(customer)), instantsFrom(NOW, 60_000));
  const source = joinSummaries(summaries, () => NOW)(async () => ({ entry, provenance }));
  const { body, instants } = await source(query, ask);
  return { customer: JSON.parse(body.toString()), instants };
}

test('each interaction gets its summary; the answer is fresh for its shortest part', async () => {
  const asked: SummariesQuery[] = [];
  const { customer, instants } = await join(['a', 'b'], async (summariesQuery) => {
    asked.push(summariesQuery);
    const results = [{ id: 'a', summary } as const, { id: 'b', reason: 'not-found' } as const];
    return { results, instants: instantsFrom(NOW - 500, 5_000), provenance };
  });
  assert.deepEqual(asked, [
    { tenant: tenantWith(), interactionIds: ['a', 'b'], owner: query.identity },
  ]);
  assert.deepEqual(
    customer.interactions.map((interaction) => interaction.summary),
    [summary, null],
  );
  assert.deepEqual(customer.summaryFailures, [{ id: 'b', reason: 'not-found' }]);
  assert.deepEqual(instants, {
    fetchedAt: NOW - 500,
    staleAt: NOW + 4_500,
    deleteAt: NOW + 4_500,
  });
});

test('if summaries cannot be had the customer is answered all the same, for five seconds', async () => {
  const { customer, instants } = await join(['a', 'b'], async () => {
    throw new Problem('upstream-throttled');
  });
  assert.deepEqual(
    customer.interactions.map((interaction) => interaction.summary),
    [null, null],
  );
  assert.deepEqual(customer.summaryFailures, [
    { id: 'a', reason: 'unavailable' },
    { id: 'b', reason: 'unavailable' },
  ]);
  assert.equal(instants.staleAt, NOW + 5_000);
});

test('without interactions there is no call', async () => {
  const { customer, instants } = await join([], async () => assert.fail('asked for summaries'));
  assert.deepEqual(customer.interactions, []);
  assert.deepEqual(customer.summaryFailures, []);
  assert.equal(instants.staleAt, NOW + 60_000);
});

test('a fault of ours is thrown on', async () => {
  const fault = join(['a'], async () => {
    throw new RangeError('ours');
  });
  await assert.rejects(fault, RangeError);
});

test('a layer for summaries is met by the queries that include them alone', async () => {
  const source = whenIncluded<string>((next) => async (asked, context) => {
    return `joined ${await next(asked, context)}`;
  })(async () => 'customer');
  assert.equal(await source(query, ask), 'joined customer');
  assert.equal(await source({ ...query, summaries: false }, ask), 'customer');
});
