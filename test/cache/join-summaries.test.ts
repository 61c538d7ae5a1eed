// Joining summaries: by id, fresh for the shortest part, and never the reason why a customer fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEntry } from '../../src/cache/entry.ts';
import { joinSummaries, whenIncluded } from '../../src/cache/join-summaries.ts';
import type { HeldSummaries } from '../../src/cache/summary-cache.ts';
import { type Customer, customerFrom } from '../../src/domain/customer.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Context, Provenance, Source } from '../../src/domain/source.ts';
import type { SummariesQuery } from '../../src/domain/summaries.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';
import { someInstants } from '../support/store-contract.ts';
import { vendorCustomer, vendorInteraction } from '../support/vendor.ts';

const ask: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};
const { query } = readQuery('email=ann@example.com&include=summaries');
const provenance: Provenance = { outcome: 'miss', stored: true, collapsed: false };
const summary = { text: 'Paid.', status: null, type: null, durationSeconds: 1, createdAt: null };

interface Parts {
  readonly ids: readonly string[];
  readonly summaries: Source<SummariesQuery, HeldSummaries>;
  /** Where the customer came from. */
  readonly from?: Provenance;
}

async function join({ ids, summaries, from = provenance }: Parts) {
  const customer = customerFrom(query, vendorCustomer(ids.map((id) => vendorInteraction(id))));
  const entry = createEntry(Buffer.from(JSON.stringify(customer)), someInstants());
  const layer = joinSummaries({ summaries, now: () => NOW, random: () => 0.5 });
  const source = layer(async () => ({ entry, provenance: from }));
  const { body, ...rest } = await source(query, ask);
  return { ...rest, customer: JSON.parse(body.toString()) as Customer };
}

const found = async ({ interactionIds }: SummariesQuery): Promise<HeldSummaries> => ({
  results: interactionIds.map((id) => ({ id, summary })),
  instants: someInstants(),
  provenance,
});

test('each interaction gets its summary; the answer is fresh for its shortest part', async () => {
  const asked: SummariesQuery[] = [];
  const { customer, instants } = await join({
    ids: ['a', 'b'],
    summaries: async (summariesQuery) => {
      asked.push(summariesQuery);
      const results = [{ id: 'a', summary } as const, { id: 'b', reason: 'not-found' } as const];
      const times = { fetchedAt: NOW - 500, staleAt: NOW + 4_500, deleteAt: NOW + 90_000 };
      return { results, instants: someInstants(times), provenance };
    },
  });
  assert.deepEqual(asked, [
    { tenant: tenantWith(), interactionIds: ['a', 'b'], owner: query.identity },
  ]);
  assert.deepEqual(
    customer.interactions.map((interaction) => interaction.summary),
    [summary, null],
  );
  assert.deepEqual(customer.summaryFailures, [{ id: 'b', reason: 'not-found' }]);
  assert.deepEqual(instants, someInstants({ fetchedAt: NOW - 500, staleAt: NOW + 4_500 }));
});

test('if summaries cannot be had the customer is answered all the same, for five seconds', async () => {
  const joined = await join({
    ids: ['a', 'b'],
    summaries: async () => {
      throw new Problem('upstream-throttled');
    },
  });
  assert.deepEqual(
    joined.customer.interactions.map((interaction) => interaction.summary),
    [null, null],
  );
  assert.deepEqual(joined.customer.summaryFailures, [
    { id: 'a', reason: 'unavailable' },
    { id: 'b', reason: 'unavailable' },
  ]);
  const end = NOW + 5_000;
  assert.deepEqual(joined.instants, {
    fetchedAt: NOW,
    staleAt: end,
    revalidateUntil: end,
    deleteAt: end,
  });
  assert.equal('staleIfError' in joined, false, 'it is kept for these five seconds');
});

test('without interactions there is no call', async () => {
  const { customer, instants } = await join({
    ids: [],
    summaries: async () => assert.fail('asked for summaries'),
  });
  assert.deepEqual(customer.interactions, []);
  assert.deepEqual(customer.summaryFailures, []);
  assert.deepEqual(instants, someInstants());
});

test('a customer that is used past its time for want of a better one is passed on as that', async () => {
  const from: Provenance = { outcome: 'stale', reason: 'upstream-unavailable', status: 503 };
  for (const ids of [['a'], []]) {
    const joined = await join({ ids, summaries: found, from });
    assert.deepEqual(joined.staleIfError, from);
    assert.deepEqual(
      joined.customer.interactions.map(({ id }) => id),
      ids,
    );
  }
  for (const fetched of [provenance, { outcome: 'hit', tier: 'memory' } as const]) {
    assert.equal(
      'staleIfError' in (await join({ ids: ['a'], summaries: found, from: fetched })),
      false,
    );
  }
});

test('a fault of ours is thrown on', async () => {
  const fault = join({
    ids: ['a'],
    summaries: async () => {
      throw new RangeError('ours');
    },
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
