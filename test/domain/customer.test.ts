// The simplified answer: shape, order, nulls, and when it is complete.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerFrom, withSummaries } from '../../src/domain/customer.ts';
import { selectFields, selectionName } from '../../src/domain/customer-view.ts';
import { INTERACTION_FIELDS } from '../../src/domain/interaction.ts';
import { readQuery } from '../support/queries.ts';
import { vendorCustomer, vendorInteraction } from '../support/vendor.ts';

const { query } = readQuery('email=customer@example.com');
const START = Date.parse('2024-08-23T08:00:00.000Z');
const ids = (customer: { interactions: readonly { id: string }[] }) =>
  customer.interactions.map(({ id }) => id);

const full = vendorInteraction('int-abc123', {
  mediaIdentifier: 'customer@example.com',
  mediaType: 'EMAIL',
  direction: 'INBOUND',
  productType: 'CC',
  startedAt: START,
  endedAt: START + 3_600_999,
  sentiment: 'POSITIVE',
  topics: [{ topic: 'billing', matches: 2 }],
  wrapUpCodes: ['resolved'],
  queueName: 'Support Queue',
  outcomeLabel: 'Resolved',
  interactionLabels: ['vip'],
  emailSubject: 'Billing inquiry',
});
const insights = {
  sentiments: { totalInteractions: 2, customer: 'POSITIVE', agent: 'NEUTRAL', overall: 'POSITIVE' },
  topics: {
    totalInteractions: 1,
    frequency: [
      {
        topicName: 'billing',
        categoryName: 'Finance',
        interactionsMatchedCount: 1,
        percentageMatched: 50,
      },
    ],
  },
};

test('an answer has the documented shape, to the letter', () => {
  assert.deepEqual(customerFrom(query, vendorCustomer([full], { insights })), {
    tenant: 'acme',
    region: 'us',
    customer: { by: 'email', value: 'customer@example.com', crmId: null },
    timeRange: { startTime: null, endTime: null, last: 'P1Y' },
    complete: true,
    interactions: [
      {
        id: 'int-abc123',
        contactId: null,
        address: 'customer@example.com',
        channel: 'email',
        chatType: null,
        direction: 'inbound',
        product: 'cc',
        startedAt: '2024-08-23T08:00:00.000Z',
        endedAt: '2024-08-23T09:00:00.999Z',
        durationSeconds: 3600,
        sentiment: 'positive',
        topics: [{ name: 'billing', matches: 2 }],
        wrapUpCodes: ['resolved'],
        queue: 'Support Queue',
        department: null,
        outcome: 'Resolved',
        labels: ['vip'],
        title: null,
        emailSubject: 'Billing inquiry',
        signals: [],
      },
    ],
    insights: {
      sentiment: { interactions: 2, customer: 'positive', agent: 'neutral', overall: 'positive' },
      topics: {
        interactions: 1,
        frequency: [{ name: 'billing', category: 'Finance', interactions: 1, percentage: 50 }],
      },
    },
  });
});

test('the fields stand in their order, and all of them are there', () => {
  const [interaction] = customerFrom(query, vendorCustomer([vendorInteraction('1')])).interactions;
  assert.deepEqual(Object.keys(interaction ?? {}), INTERACTION_FIELDS);
});

test('newest first, then by id; without a start last; each id once', () => {
  const rows = [
    vendorInteraction('c', { startedAt: 1 }),
    vendorInteraction('none-b'),
    vendorInteraction('b', { startedAt: 1 }),
    vendorInteraction('a', { startedAt: 2 }),
    vendorInteraction('none-a'),
    vendorInteraction('b', { startedAt: 1 }),
    vendorInteraction('a', { startedAt: 0 }),
  ];
  const expected = ['a', 'b', 'c', 'none-a', 'none-b'];
  assert.deepEqual(ids(customerFrom(query, vendorCustomer(rows))), expected);
  assert.deepEqual(ids(customerFrom(query, vendorCustomer(rows.toReversed()))), expected);
});

test('it is complete unless 50 rows came or one had to be dropped', () => {
  const rows = Array.from({ length: 50 }, (_, index) => vendorInteraction(`${index}`));
  assert.equal(customerFrom(query, vendorCustomer(rows.slice(1))).complete, true);
  assert.equal(customerFrom(query, vendorCustomer(rows)).complete, false);
  assert.equal(customerFrom(query, vendorCustomer(rows.slice(1), { rows: 50 })).complete, false);
  assert.equal(customerFrom(query, vendorCustomer([], { droppedRows: 1 })).complete, false);
});

test('a duration is whole seconds, or null where it cannot be known', () => {
  const duration = (startedAt: number | null, endedAt: number | null) =>
    customerFrom(query, vendorCustomer([vendorInteraction('1', { startedAt, endedAt })]))
      .interactions[0]?.durationSeconds;
  assert.equal(duration(0, 1_999), 1);
  assert.equal(duration(5, 5), 0);
  assert.equal(duration(10, 5), null);
  assert.equal(duration(null, 5), null);
  assert.equal(duration(5, null), null);
});

test('insights are null without the licence; one half may be missing', () => {
  const insightsOf = (half: Partial<typeof insights>) =>
    customerFrom(
      query,
      vendorCustomer([], { insights: { sentiments: null, topics: null, ...half } }),
    ).insights;
  assert.equal(insightsOf({}), null);
  assert.equal(insightsOf({ sentiments: insights.sentiments })?.topics, null);
  assert.equal(insightsOf({ topics: insights.topics })?.sentiment, null);
});

test('summaries are joined by id, failures listed in order', () => {
  const customer = customerFrom(
    query,
    vendorCustomer(['a', 'b', 'c'].map((id) => vendorInteraction(id))),
  );
  const summary = {
    text: 'Paid.',
    status: null,
    type: null,
    durationSeconds: 1.5,
    createdAt: null,
  };
  const joined = withSummaries(customer, [
    { id: 'a', summary },
    { id: 'b', reason: 'not-found' },
    { id: 'c', reason: 'unavailable' },
  ]);
  assert.deepEqual(
    joined.interactions.map((each) => each.summary),
    [summary, null, null],
  );
  assert.deepEqual(joined.summaryFailures, [
    { id: 'b', reason: 'not-found' },
    { id: 'c', reason: 'unavailable' },
  ]);
});

test('a caller sees the fields it asked for, and never those hidden from it', () => {
  const customer = withSummaries(customerFrom(query, vendorCustomer([full], { insights })), []);
  const keys = (fields: string[] | null, hide: string[]) => {
    const selection = { fields: fields && new Set(fields), hide: new Set(hide) };
    const seen = selectFields(customer, selection as never) as typeof customer;
    return [Object.keys(seen.interactions[0] ?? {}), Object.keys(seen.insights ?? {})];
  };
  assert.deepEqual(keys(['topics', 'channel'], []), [
    ['id', 'channel', 'topics', 'summary'],
    ['sentiment', 'topics'],
  ]);
  assert.deepEqual(keys(['address', 'channel'], ['address']), [
    ['id', 'channel', 'summary'],
    ['sentiment', 'topics'],
  ]);
  const [fields, halves] = keys(null, ['topics', 'sentiment']);
  assert.equal(fields?.length, INTERACTION_FIELDS.length - 1);
  assert.deepEqual(halves, []);
  const without = selectFields(customerFrom(query, vendorCustomer([])), {
    fields: null,
    hide: new Set(['topics']),
  });
  assert.equal((without as typeof customer).insights, null);
});

test('equal selections have equal names, different ones different names', () => {
  const name = (fields: string[] | null, hide: string[]) =>
    selectionName({ fields: fields && new Set(fields), hide: new Set(hide) } as never);
  assert.equal(name(['topics', 'queue'], ['a', 'b']), name(['queue', 'topics'], ['b', 'a']));
  const names = [name(null, []), name([], []), name(['queue'], []), name(null, ['queue'])];
  assert.equal(new Set(names).size, 4);
});
