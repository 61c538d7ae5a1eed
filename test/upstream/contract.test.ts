// Reading the vendor's answers: what is wrong becomes null, what is new passes, and both are noted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { customerFrom } from '../../src/domain/customer.ts';
import { Problem } from '../../src/domain/problem.ts';
import { summariesAnswer, summaryResults } from '../../src/domain/summaries.ts';
import { customerSchema, summariesSchema } from '../../src/edge/schemas.ts';
import type { Drift } from '../../src/telemetry/events.ts';
import { readVendorCustomer, readVendorSummaries } from '../../src/upstream/contract.ts';
import { readQuery, tenantWith } from '../support/queries.ts';
import { vendorInteraction } from '../support/vendor.ts';

function readCustomer(body: unknown) {
  const drifts: Drift[] = [];
  return { answer: readVendorCustomer(body, (drift) => drifts.push(drift)), drifts };
}

function readOne(fields: object) {
  const { answer, drifts } = readCustomer({ interactions: [{ interactionId: 'a', ...fields }] });
  const [interaction] = answer.interactions;
  assert.ok(interaction);
  return { interaction, drifts };
}

function readSummaries(body: unknown) {
  const drifts: Drift[] = [];
  return { answer: readVendorSummaries(body, (drift) => drifts.push(drift)), drifts };
}

const full = {
  interactionId: 'int-1',
  contactId: 'c-1',
  mediaIdentifier: 'ann@example.com',
  mediaType: 'EMAIL',
  chatType: 'WebChat',
  direction: 'INBOUND',
  productType: 'CC',
  startedAt: 1_724_400_000_000,
  endedAt: 1_724_403_600_000,
  sentiment: 'POSITIVE',
  topics: [{ topic: 'billing', matches: 2 }],
  wrapUpCodes: ['resolved'],
  queueName: 'Support',
  departmentName: 'Care',
  outcomeLabel: 'Resolved',
  interactionLabels: ['vip'],
  title: 'Refund',
  emailSubject: 'Invoice',
  signals: ['churn'],
};

test('an answer as documented is read whole, and nothing is noted', () => {
  const insights = {
    aggregatedSentiments: {
      totalInteractions: 2,
      aggregatedSentiment: {
        aggregatedCustomerSentiment: 'POSITIVE',
        aggregatedAgentSentiment: 'NEUTRAL',
        aggregatedOverallSentiment: 'POSITIVE',
      },
    },
    aggregatedTopics: {
      totalInteractions: 1,
      topicFrequency: [
        {
          topicName: 'billing',
          categoryName: 'Finance',
          interactionsMatchedCount: 1,
          percentageMatched: 33.3,
        },
      ],
    },
  };
  const { answer, drifts } = readCustomer({ interactions: [full], insights });
  assert.deepEqual(answer, {
    interactions: [full],
    insights: {
      sentiments: {
        totalInteractions: 2,
        customer: 'POSITIVE',
        agent: 'NEUTRAL',
        overall: 'POSITIVE',
      },
      topics: {
        totalInteractions: 1,
        frequency: insights.aggregatedTopics.topicFrequency,
      },
    },
    rows: 1,
    droppedRows: 0,
  });
  assert.deepEqual(drifts, []);
});

test('what is absent or null is null, or an empty list, and nothing to note', () => {
  const { interaction, drifts } = readOne({ topics: null, title: null });
  assert.deepEqual(interaction, vendorInteraction('a'));
  assert.deepEqual(drifts, []);
  assert.equal(readCustomer({ interactions: [] }).answer.insights, null);
  const empty = readCustomer({ interactions: [], insights: {} });
  assert.deepEqual(empty.answer.insights, { sentiments: null, topics: null });
  const halves = { aggregatedSentiments: {}, aggregatedTopics: {} };
  const { answer } = readCustomer({ interactions: [], insights: halves });
  assert.deepEqual(answer.insights, {
    sentiments: { totalInteractions: null, customer: null, agent: null, overall: null },
    topics: { totalInteractions: null, frequency: [] },
  });
});

test('a value of a wrong type or out of range is null and noted, one by one', () => {
  const wrong = {
    contactId: 12,
    mediaType: {},
    direction: ['INBOUND'],
    queueName: true,
    startedAt: '2024-08-23T08:00:00Z',
    endedAt: -1,
    topics: 'billing',
    wrapUpCodes: {},
  };
  const { interaction, drifts } = readOne(wrong);
  assert.deepEqual(interaction, vendorInteraction('a'));
  assert.deepEqual(drifts, Object.keys(wrong).fill('wrong-type'));
  for (const startedAt of [1.5, 1e300, Number.POSITIVE_INFINITY, 253_402_300_800_000]) {
    assert.equal(readOne({ startedAt }).interaction.startedAt, null, `${startedAt}`);
  }
  assert.equal(
    readOne({ startedAt: 253_402_300_799_999 }).interaction.startedAt,
    253_402_300_799_999,
  );
});

test('a count is a whole number from 0, a measure may have a fraction', () => {
  const read = (value: unknown) => {
    const topicFrequency = [
      { topicName: 'a', interactionsMatchedCount: value, percentageMatched: value },
    ];
    const body = { interactions: [], insights: { aggregatedTopics: { topicFrequency } } };
    const [topic] = readCustomer(body).answer.insights?.topics?.frequency ?? [];
    return [topic?.interactionsMatchedCount, topic?.percentageMatched];
  };
  assert.deepEqual(read(0), [0, 0]);
  assert.deepEqual(read(1.5), [null, 1.5]);
  assert.deepEqual(read(-1), [null, null]);
  assert.deepEqual(read('1'), [null, null]);
});

test('fields and values that are not documented pass, and are noted', () => {
  const { interaction, drifts } = readOne({
    mediaType: 'VIDEO',
    direction: 'inbound',
    productType: 'XCAAS',
    sentiment: 'MIXED',
    chatType: 'ANYTHING',
    codec: 'AV1',
  });
  assert.deepEqual(
    [interaction.mediaType, interaction.direction, interaction.productType, interaction.sentiment],
    ['VIDEO', 'inbound', 'XCAAS', 'MIXED'],
  );
  assert.equal('codec' in interaction, false);
  assert.deepEqual(drifts.toSorted(), ['unknown-field', ...Array(4).fill('unknown-value')]);
});

test('an item that is no object or has no id is dropped, and the answer is not complete', () => {
  const ids = ['', ' ', 7, '\ud800'].map((interactionId) => ({ interactionId }));
  const rows = [null, 'int-1', 7, [], {}, ...ids, full];
  const { answer, drifts } = readCustomer({ interactions: rows });
  assert.equal(answer.interactions.length, 1);
  assert.deepEqual([answer.rows, answer.droppedRows], [10, 9]);
  assert.equal(drifts.filter((drift) => drift === 'dropped-item').length, 9);
  const { query } = readQuery('contactId=c-1');
  assert.equal(customerFrom(query, answer).complete, false);
  assert.equal(customerFrom(query, readCustomer({ interactions: [full] }).answer).complete, true);
});

test('of a list the usable items are kept', () => {
  const { interaction, drifts } = readOne({
    topics: [null, 'billing', { topic: 3 }, { topic: 'billing', matches: 'two' }, { matches: 1 }],
    interactionLabels: [null, 4, 'vip', ['vip']],
  });
  assert.deepEqual(interaction.topics, [{ topic: 'billing', matches: null }]);
  assert.deepEqual(interaction.interactionLabels, ['vip']);
  assert.equal(drifts.filter((drift) => drift === 'dropped-item').length, 7);
  const topicFrequency = [null, { topicName: 4 }, { topicName: 'billing', percentageMatched: -1 }];
  const insights = { aggregatedTopics: { topicFrequency } };
  const { answer } = readCustomer({ interactions: [], insights });
  assert.deepEqual(answer.insights?.topics?.frequency, [
    {
      topicName: 'billing',
      categoryName: null,
      interactionsMatchedCount: null,
      percentageMatched: null,
    },
  ]);
});

test('without the outermost shape there is no answer', () => {
  const invalid = { slug: 'upstream-invalid' };
  const bodies = [undefined, null, [], 'text', 7, {}, { interactions: null }, { interactions: {} }];
  for (const body of bodies) assert.throws(() => readCustomer(body), invalid);
  const rows = (count: number) => ({ interactions: Array.from({ length: count }, () => full) });
  assert.equal(readCustomer(rows(1_000)).answer.rows, 1_000);
  assert.throws(() => readCustomer(rows(1_001)), invalid, 'far more rows than the contract allows');
  for (const body of [undefined, [], {}, { summaries: 'none' }]) {
    assert.throws(() => readSummaries(body), invalid);
  }
});

test('summaries and failures are read; those without an id are dropped', () => {
  const summary = {
    interactionId: 'a',
    summaryObjectId: 'obj-1',
    content: { id: 's', result: 'Paid.', status: 'success', type: 'summary', duration: 12.5 },
    metadata: { createdAt: '2025-08-15T14:30:00', sizeBytes: 5 },
  };
  const { answer, drifts } = readSummaries({
    summaries: [summary, { interactionId: 'b', content: 'none' }, null, { content: {} }],
    partialFailures: [
      { interactionId: 'c', reason: 'Summary not found' },
      { interactionId: 'd' },
      { reason: 'x' },
    ],
  });
  const nothing = { text: null, status: null, type: null, durationSeconds: null, createdAt: null };
  assert.deepEqual(answer, {
    summaries: [
      {
        interactionId: 'a',
        text: 'Paid.',
        status: 'success',
        type: 'summary',
        durationSeconds: 12.5,
        createdAt: Date.UTC(2025, 7, 15, 14, 30),
      },
      { interactionId: 'b', ...nothing },
    ],
    failures: [
      { interactionId: 'c', reason: 'Summary not found' },
      { interactionId: 'd', reason: null },
    ],
  });
  assert.deepEqual(drifts.toSorted(), [
    'dropped-item',
    'dropped-item',
    'dropped-item',
    'wrong-type',
  ]);
  assert.deepEqual(readSummaries({ summaries: [] }).answer.failures, []);
});

test('createdAt without a zone is UTC, with one it is what it says, anything else is no instant', () => {
  const read = (createdAt: string) => {
    const body = { summaries: [{ interactionId: 'a', metadata: { createdAt } }] };
    const { answer, drifts } = readSummaries(body);
    const at = answer.summaries[0]?.createdAt ?? null;
    assert.deepEqual(drifts, at === null ? ['wrong-type'] : []);
    return at === null ? null : new Date(at).toISOString();
  };
  assert.equal(read('2025-08-15T14:30:00'), '2025-08-15T14:30:00.000Z');
  assert.equal(read('2025-08-15T14:30:00.123456'), '2025-08-15T14:30:00.123Z');
  assert.equal(read('2025-08-15T14:30:00Z'), '2025-08-15T14:30:00.000Z');
  assert.equal(read('2025-08-15T14:30:00-05:00'), '2025-08-15T19:30:00.000Z');
  // The last four would be read in the time zone of this machine.
  const others = [
    '9999-12-31T23:59:59-05:00',
    '',
    'soon',
    '2025-02-30T00:00:00',
    '0000-01-01T00:00:00',
    '1969-12-31T23:59:59',
  ];
  for (const text of [...others, '2025-08-15T14:30', '2025-08-15 14:30:00', 'Aug 15 2025', '5']) {
    assert.equal(read(text), null, text);
  }
});

const NAMES = [
  ...Object.keys(full),
  'interactions',
  'insights',
  'summaries',
  'partialFailures',
  'aggregatedSentiments',
  'aggregatedTopics',
  'totalInteractions',
  'aggregatedSentiment',
  'aggregatedCustomerSentiment',
  'topicFrequency',
  'topicName',
  'percentageMatched',
  'interactionsMatchedCount',
  'topic',
  'matches',
  'content',
  'duration',
  'result',
  'metadata',
  'createdAt',
  'reason',
  '__proto__',
  'constructor',
  'toString',
];

/** JSON whose names are mostly the vendor's, so that its values get as far as they can. */
const { leaf, anyJson, anyItems } = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.jsonValue({ maxDepth: 0 }),
    fc.constantFrom('a', 'b', 'POSITIVE', '2025-08-15T14:30:00', 1.5, -1, 1e300, 1_724_400_000_000),
    fc.nat({ max: 253_402_300_800_000 }),
    fc.string({ unit: 'binary' }),
  ),
  anyJson: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('anyItems'), tie('object')),
  anyItems: fc.array(tie('anyJson'), { maxLength: 4 }),
  object: fc
    .array(fc.tuple(fc.constantFrom(...NAMES), tie('anyJson')), { maxLength: 6 })
    .map((fields) => Object.fromEntries(fields)),
}));
const words = fc.constantFrom('a', 'b', 'billing');
const topics = fc.array(fc.record({ topic: words, matches: leaf }), { maxLength: 3 });
const interaction = fc
  .record({
    interactionId: fc.string({ minLength: 1 }),
    fields: fc.dictionary(fc.constantFrom(...NAMES), anyJson),
    more: fc.record({ topics, startedAt: leaf, endedAt: leaf }, { requiredKeys: [] }),
  })
  .map(({ interactionId, fields, more }) => ({ ...fields, ...more, interactionId }));
const frequency = fc.record({
  topicName: words,
  interactionsMatchedCount: leaf,
  percentageMatched: leaf,
});
const insights = fc.record({
  aggregatedSentiments: fc.record({ totalInteractions: leaf, aggregatedSentiment: anyJson }),
  aggregatedTopics: fc.record({ totalInteractions: leaf, topicFrequency: fc.array(frequency) }),
});
const metadata = fc.record({ createdAt: leaf });
const content = fc.record({ result: leaf, duration: leaf });
const summary = fc.record({ interactionId: words, content, metadata });
const likelyBody = fc.record(
  {
    interactions: fc.oneof(fc.array(fc.oneof(interaction, anyJson), { maxLength: 5 }), anyItems),
    summaries: fc.oneof(fc.array(fc.oneof(summary, anyJson), { maxLength: 5 }), anyItems),
    insights: fc.oneof(insights, anyJson),
    partialFailures: anyJson,
  },
  { requiredKeys: [] },
);
const anyBody = fc
  .oneof({ weight: 4, arbitrary: likelyBody }, anyJson)
  // As it would come over the wire.
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

/** What reading gives, or undefined if it ends with the one problem it may end with. */
function readOrRefuse<Answer>(read: () => Answer): Answer | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof Problem && error.slug === 'upstream-invalid', String(error));
    return undefined;
  }
}

test('whatever JSON comes, it is refused as invalid or becomes an answer as documented', () => {
  const queries = ['email=a@example.com', 'accountId=1&last=P30D'].map((text) => readQuery(text));
  let answers = 0;
  const property = fc.property(anyBody, (body) => {
    const answer = readOrRefuse(() => readCustomer(body).answer);
    if (answer === undefined) return;
    answers += 1;
    for (const { query } of queries) {
      const sent = JSON.stringify(customerFrom(query, answer));
      customerSchema.parse(JSON.parse(sent));
    }
  });
  fc.assert(property, { numRuns: 1_000 });
  assert.ok(answers > 300, `only ${answers} of the bodies were usable`);
});

test('whatever JSON comes for summaries, it is refused as invalid or becomes an answer', () => {
  const interactionIds = ['a', 'b'];
  const property = fc.property(anyBody, (body) => {
    const answer = readOrRefuse(() => readSummaries(body).answer);
    if (answer === undefined) return;
    const query = { tenant: tenantWith(), interactionIds, owner: null };
    const ids = [...interactionIds, ...answer.summaries.map((summary) => summary.interactionId)];
    const sent = JSON.stringify(summariesAnswer(query, summaryResults(ids, answer)));
    summariesSchema.parse(JSON.parse(sent));
  });
  fc.assert(property, { numRuns: 1_000 });
});
