// The description of `/v1/timeline`.
import { z } from 'zod';
import { requestSchema } from './components.ts';
import { TIMELINE } from './examples.ts';
import type { Operation, PathItem } from './operation.ts';
import { customerBody, HEADER_PARAMETERS } from './parameters.ts';
import { BODY_PROBLEMS, problemReferences, V1_PROBLEMS } from './problem-responses.ts';
import { answer } from './v1-responses.ts';

const OK = answer(
  'Timeline',
  'The merged histories. An identity that 8x8 does not know finds nothing.',
  {
    timeline: { summary: 'One interaction that both identities found', value: TIMELINE },
  },
);

const { tenant, startTime, endTime, last, limit, cursor } = customerBody.shape;

const identity = customerBody
  .pick({
    email: true,
    phoneNumber: true,
    contactId: true,
    accountId: true,
    customer: true,
    crmId: true,
  })
  .meta({
    description:
      'One identity: exactly one of `email`, `phoneNumber`, `contactId`, `accountId` and `customer`.',
  });

const timelineBody = z
  .strictObject({
    tenant,
    identities: z.array(identity).min(2).max(10).meta({
      description:
        'Identities of one person. Each costs one request of the quota, with every page.',
    }),
    startTime,
    endTime,
    last,
    limit,
    cursor,
  })
  .meta({ description: 'Whom the timeline is about, and when.' });

const POST: Operation = {
  operationId: 'postTimeline',
  tags: ['customer'],
  summary: 'Several identities of one person, merged',
  description:
    'Needs the scope `read`. The complete histories of all identities in one order, each interaction once, with those that found it. An identity that cannot be had for now is a gap; if none can, that is a problem.',
  parameters: HEADER_PARAMETERS,
  requestBody: {
    description: 'The identities and the range.',
    required: true,
    content: {
      'application/json': {
        schema: requestSchema(timelineBody),
        examples: {
          two: {
            summary: 'An email address and a phone number',
            value: {
              tenant: 'acme',
              identities: [{ email: 'customer@example.com' }, { phoneNumber: '+14085551234' }],
              limit: 100,
            },
          },
        },
      },
    },
  },
  responses: { 200: OK, ...problemReferences([...V1_PROBLEMS, ...BODY_PROBLEMS]) },
};

/** The operation of `/v1/timeline`. */
export const TIMELINE_PATH: PathItem = { post: POST };
