// The description of `/v1/customer`.
import { requestSchema } from './components.ts';
import { CUSTOMER, CUSTOMER_WITH_SUMMARIES, HISTORY, UNKNOWN_CUSTOMER } from './examples.ts';
import type { Example, Operation, PathItem } from './operation.ts';
import { customerBody, HEADER_PARAMETERS, IF_NONE_MATCH, queryParameters } from './parameters.ts';
import { BODY_PROBLEMS, problemReferences, V1_PROBLEMS } from './problem-responses.ts';
import { answer, notModified } from './v1-responses.ts';

const OK = answer(
  ['Customer', 'History'],
  'The customer. One that 8x8 does not know has no interactions.',
  {
    customer: { summary: 'One customer', value: CUSTOMER },
    summaries: {
      summary: 'With include=summaries and fields=channel,startedAt',
      value: CUSTOMER_WITH_SUMMARIES,
    },
    history: { summary: 'With history=complete', value: HISTORY },
    unknown: { summary: 'A customer that 8x8 does not know', value: UNKNOWN_CUSTOMER },
  },
);

const BODIES: Readonly<Record<string, Example>> = {
  email: {
    summary: 'By email address, the last year',
    value: { tenant: 'acme', email: 'customer@example.com' },
  },
  phone: {
    summary: 'By phone number, the last 30 days, with summaries',
    value: {
      tenant: 'acme',
      phoneNumber: '+14085551234',
      last: 'P30D',
      include: ['summaries'],
    },
  },
  account: {
    summary: 'By account, one month, few fields',
    value: {
      tenant: 'acme',
      customer: 'account:acc-42',
      startTime: '2024-08-01T00:00:00Z',
      endTime: '2024-09-01T00:00:00Z',
      fields: ['channel', 'startedAt'],
    },
  },
  history: {
    summary: 'Everything of the last ten years, 500 interactions a page',
    value: {
      tenant: 'acme',
      email: 'customer@example.com',
      last: 'P10Y',
      history: 'complete',
      limit: 500,
    },
  },
};

const GET: Operation = {
  operationId: 'getCustomer',
  tags: ['customer'],
  summary: 'One customer, however it is named',
  description:
    'Needs the scope `read`. Name the customer by exactly one of `email`, `phoneNumber`, `contactId`, `accountId` and `customer`: every spelling of the same customer and range is the same answer, with the same `ETag`. In a URL write `+` as `%2B`. A list may also be given by repeating its parameter. HEAD gives the headers alone.',
  parameters: [
    ...queryParameters(customerBody).map((parameter) =>
      // Only one customer, or a page that fills every parameter in would name five.
      parameter.name === 'email' ? { ...parameter, example: 'customer@example.com' } : parameter,
    ),
    IF_NONE_MATCH,
    ...HEADER_PARAMETERS,
  ],
  responses: { 200: OK, 304: notModified(), ...problemReferences(V1_PROBLEMS) },
};

const POST: Operation = {
  operationId: 'postCustomer',
  tags: ['customer'],
  summary: 'The same, without personal data in the URL',
  description:
    'The same operation and the same answer as GET, with the parameters as a JSON object and no query string; lists are arrays. An absent body is `{}`. `If-None-Match` is ignored.\n\nThe method QUERY (RFC 10008) takes the same body, is safe to repeat, and honours `If-None-Match`; this format cannot describe it.',
  parameters: HEADER_PARAMETERS,
  requestBody: {
    description: 'The parameters of GET.',
    required: false,
    content: { 'application/json': { schema: requestSchema(customerBody), examples: BODIES } },
  },
  responses: { 200: OK, ...problemReferences([...V1_PROBLEMS, ...BODY_PROBLEMS]) },
};

/** The operations of `/v1/customer`. */
export const CUSTOMER_PATH: PathItem = { get: GET, post: POST };
