// Examples of answers, complete and true to their schemas.
import type { Customer } from '../../domain/customer.ts';
import type { History } from '../../domain/history.ts';
import type { Summaries } from '../../domain/summaries.ts';
import type { Timeline } from '../../domain/timeline.ts';

/** One customer who wrote one email. */
export const CUSTOMER: Customer = {
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
      endedAt: '2024-08-23T09:00:00.000Z',
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
    sentiment: { interactions: 1, customer: 'positive', agent: 'neutral', overall: 'positive' },
    topics: {
      interactions: 1,
      frequency: [{ name: 'billing', category: 'Finance', interactions: 1, percentage: 100 }],
    },
  },
};

/** The same with summaries included and few fields kept. */
export const CUSTOMER_WITH_SUMMARIES = {
  ...CUSTOMER,
  interactions: [
    {
      id: 'int-abc123',
      channel: 'email',
      startedAt: '2024-08-23T08:00:00.000Z',
      summary: {
        text: 'The caller asked for a refund of one invoice and got it.',
        status: 'success',
        type: 'summary',
        durationSeconds: 184,
        createdAt: '2024-08-23T09:05:00.000Z',
      },
    },
  ],
  summaryFailures: [],
};

/** The only page of a short history. */
export const HISTORY: History = {
  ...CUSTOMER,
  gaps: [],
  derived: {
    interactions: 1,
    byChannel: { email: 1 },
    byDirection: { inbound: 1 },
    byProduct: { cc: 1 },
    bySentiment: { positive: 1 },
    topics: [{ name: 'billing', interactions: 1, percentage: 100 }],
  },
  page: { nextCursor: null },
};

/** What two identities of one person have found. */
export const TIMELINE: Timeline = {
  tenant: 'acme',
  region: 'us',
  identities: [
    { by: 'email', value: 'customer@example.com', crmId: null },
    { by: 'phone', value: '+14085551234', crmId: null },
  ],
  timeRange: CUSTOMER.timeRange,
  complete: true,
  gaps: [],
  interactions: CUSTOMER.interactions.map((each) => ({ ...each, foundBy: [0, 1] })),
  derived: HISTORY.derived,
  page: { nextCursor: null },
};

const EXPORT_END = { end: true, complete: true, interactions: 1, gaps: [] };

/** An export of one interaction. */
export const NDJSON_EXPORT = [...CUSTOMER.interactions, EXPORT_END]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('');

/** The same, of few fields. */
export const CSV_EXPORT = [
  'id,channel,startedAt,topics',
  'int-abc123,email,2024-08-23T08:00:00.000Z,billing',
  '#end,true,1',
]
  .map((line) => `${line}\r\n`)
  .join('');

/** A customer that 8x8 does not know. */
export const UNKNOWN_CUSTOMER: Customer = { ...CUSTOMER, interactions: [], insights: null };

/** A summary, and an id without one. */
export const SUMMARIES: Summaries = {
  tenant: 'acme',
  summaries: [
    {
      interactionId: 'int-abc123',
      text: 'The caller asked for a refund of one invoice and got it.',
      status: 'success',
      type: 'summary',
      durationSeconds: 184,
      createdAt: '2024-08-23T09:05:00.000Z',
    },
  ],
  failures: [{ interactionId: 'int-def456', reason: 'not-found' }],
};
