// The description of `/v1/summaries`.
import { requestSchema } from './components.ts';
import { SUMMARIES } from './examples.ts';
import type { Operation, PathItem } from './operation.ts';
import { HEADER_PARAMETERS, IF_NONE_MATCH, queryParameter, summariesBody } from './parameters.ts';
import { BODY_PROBLEMS, problemReferences, V1_PROBLEMS } from './problem-responses.ts';
import { answer, notModified } from './v1-responses.ts';

const OK = answer('Summaries', 'The summaries that exist, and why the others are missing.', {
  summaries: { summary: 'One summary, and an id without one', value: SUMMARIES },
});

const { tenant, interactionIds } = summariesBody.shape;

const GET: Operation = {
  operationId: 'getSummaries',
  tags: ['summaries'],
  summary: 'Transcript summaries of interactions',
  description:
    'Needs the scope `summaries`. Repeat `interactionId` for each interaction; it is never split at commas. HEAD gives the headers alone.',
  parameters: [
    queryParameter('tenant', tenant),
    {
      ...queryParameter('interactionId', interactionIds),
      explode: true,
      example: ['int-abc123'],
    },
    IF_NONE_MATCH,
    ...HEADER_PARAMETERS,
  ],
  responses: { 200: OK, 304: notModified(), ...problemReferences(V1_PROBLEMS) },
};

const POST: Operation = {
  operationId: 'postSummaries',
  tags: ['summaries'],
  summary: 'The same, with the ids in the body',
  description:
    'The same operation and the same answer as GET, for more ids than a URL can hold. `If-None-Match` is ignored.\n\nThe method QUERY (RFC 10008) takes the same body, is safe to repeat, and honours `If-None-Match`; this format cannot describe it.',
  parameters: HEADER_PARAMETERS,
  requestBody: {
    description: 'The ids of the interactions.',
    required: true,
    content: {
      'application/json': {
        schema: requestSchema(summariesBody),
        examples: {
          ids: {
            summary: 'Two interactions',
            value: { tenant: 'acme', interactionIds: ['int-abc123', 'int-def456'] },
          },
        },
      },
    },
  },
  responses: { 200: OK, ...problemReferences([...V1_PROBLEMS, ...BODY_PROBLEMS]) },
};

/** The operations of `/v1/summaries`. */
export const SUMMARIES_PATH: PathItem = { get: GET, post: POST };
