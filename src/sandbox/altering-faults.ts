// Faults that change the body of the vendor's reply. A refusal stays as it is.
import { gzipSync } from 'node:zlib';
import type { AlteringFault } from './misbehaviour.ts';
import type { Reply } from './replies.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What becomes of the interactions in turn, when types are wrong: the first five are spoilt. */
const WRONG_INTERACTIONS: readonly Fields[] = [
  { startedAt: 'yesterday', endedAt: null, direction: 7 },
  { topics: 'none', wrapUpCodes: { code: 'resolved' }, queueName: 5 },
  { startedAt: 1e300, endedAt: -1.5, sentiment: ['POSITIVE'] },
  { topics: [null, 'billing', { topic: 3 }, { topic: 'billing', matches: 'two' }], title: {} },
  { mediaType: null, interactionLabels: [null, 4, 'vip'], signals: null, contactId: 12 },
];

/** Items that are no interaction, and no summary either. */
const WRONG_ITEMS = [null, 'int-text', 42, [], {}, { interactionId: 17 }];

const WRONG_INSIGHTS = {
  aggregatedSentiments: { totalInteractions: 'many', aggregatedSentiment: 'POSITIVE' },
  aggregatedTopics: { totalInteractions: -1, topicFrequency: [null, { topicName: 4 }] },
};

const WRONG_SUMMARIES: readonly Fields[] = [
  { content: null },
  { content: { result: 12, status: [], duration: 'PT3M' }, metadata: 'none' },
  { metadata: { createdAt: 1_700_000_000, sizeBytes: '512' } },
];

const NEW_FIELDS = { apiRevision: 9, links: { self: '/v2' } };

const NEW_INTERACTION_VALUES: readonly Fields[] = [
  { mediaType: 'VIDEO', channelDetails: { codec: 'AV1' } },
  { direction: 'INTERNAL', productType: 'XCAAS' },
  { sentiment: 'MIXED', signals: ['churn-risk'], departmentName: 'Finance' },
];

/** The faults by name. */
export const ALTERING_FAULTS = {
  truncated: {
    about: '200 whose JSON ends in the middle, with the length of what is sent',
    alter: (reply) => ({ ...reply, body: reply.body.subarray(0, reply.body.length >> 1) }),
  },
  partial: { about: '206 with a good body', alter: (reply) => ({ ...reply, status: 206 }) },
  'not-utf8': {
    about: '200 whose JSON holds a text in Latin-1',
    alter: (reply) => ({
      ...reply,
      body: Buffer.concat([Buffer.from('{"note":"caf\xe9",', 'latin1'), reply.body.subarray(1)]),
    }),
  },
  mislabelled: {
    about: '200 with a good body that is called text/plain',
    alter: (reply) => ({ ...reply, headers: { ...reply.headers, 'content-type': 'text/plain' } }),
  },
  'wrong-types': {
    about: '200 with values of wrong types here and there, and items that are none',
    alter: changingJson((body) => ({
      ...body,
      ...changed('interactions', body, { by: WRONG_INTERACTIONS, more: WRONG_ITEMS }),
      ...changed('summaries', body, { by: WRONG_SUMMARIES, more: WRONG_ITEMS }),
      ...('insights' in body ? { insights: WRONG_INSIGHTS } : {}),
      ...('partialFailures' in body ? { partialFailures: WRONG_ITEMS } : {}),
    })),
  },
  drift: {
    about: '200 with fields and values that are not documented',
    alter: changingJson((body) => ({
      ...body,
      ...NEW_FIELDS,
      ...changed('interactions', body, { by: NEW_INTERACTION_VALUES }),
      ...changed('summaries', body, { by: [{ language: 'en', ...NEW_FIELDS }] }),
    })),
  },
  compressed: {
    about: '200 with Content-Encoding: gzip, whether asked for or not',
    alter: (reply) => ({
      ...reply,
      headers: { ...reply.headers, 'content-encoding': 'gzip' },
      body: gzipSync(reply.body),
    }),
  },
} as const satisfies Record<string, AlteringFault>;

function changingJson(change: (body: Fields) => Fields): (reply: Reply) => Reply {
  return (reply) => {
    const body: Fields = JSON.parse(reply.body.toString());
    return { ...reply, body: Buffer.from(JSON.stringify(change(body))) };
  };
}

/** The list of this name with the n-th change laid over its n-th item, and more items behind. */
function changed(
  name: string,
  body: Fields,
  { by, more = [] }: { readonly by: readonly Fields[]; readonly more?: readonly unknown[] },
): Fields {
  const list = body[name];
  if (!Array.isArray(list)) return {};
  const items: readonly Fields[] = list;
  return { [name]: [...items.map((item, index) => ({ ...item, ...by[index] })), ...more] };
}
