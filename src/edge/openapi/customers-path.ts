// The description of `/v1/customers`.
import { z } from 'zod';
import { requestSchema } from './components.ts';
import { CUSTOMER } from './examples.ts';
import type { Example, Operation, PathItem } from './operation.ts';
import { customerBody, HEADER_PARAMETERS } from './parameters.ts';
import { BATCH_PROBLEMS, problemExample, problemReferences } from './problem-responses.ts';
import { passingAnswer } from './v1-responses.ts';

const MAX_CUSTOMERS = 100;

const customer = customerBody
  .pick({
    email: true,
    phoneNumber: true,
    contactId: true,
    accountId: true,
    customer: true,
    crmId: true,
    startTime: true,
    endTime: true,
    last: true,
    include: true,
    fields: true,
  })
  .meta({
    description:
      'One customer: exactly one of `email`, `phoneNumber`, `contactId`, `accountId` and `customer` is needed.',
  });

const customersBody = z
  .strictObject({
    tenant: customerBody.shape.tenant,
    customers: z
      .array(customer)
      .min(1)
      .max(MAX_CUSTOMERS)
      .meta({
        description: `1 to ${MAX_CUSTOMERS} customers. Each costs one request of the quota.`,
      }),
  })
  .meta({ description: 'The customers that are wanted.' });

const REQUEST: Example = {
  summary: 'Three customers, of whom the last one is not named rightly',
  value: {
    tenant: 'acme',
    customers: [
      { email: 'customer@example.com' },
      { phoneNumber: '+14085551234', last: 'P30D', fields: ['channel', 'startedAt'] },
      { email: 'customer at example.com', startTime: '2024-08-01T00:00:00' },
    ],
  },
};

const REPLY: Example = {
  summary: 'One customer, one whom 8x8 could not be asked for, and faults',
  value: {
    customers: [
      { status: 200, age: 18, body: CUSTOMER },
      { status: 503, retryAfter: 5, problem: problemExample('upstream-unavailable') },
      { status: 400, problem: problemExample('invalid-request') },
    ],
  },
};

const POST: Operation = {
  operationId: 'postCustomers',
  tags: ['customer'],
  summary: `Up to ${MAX_CUSTOMERS} customers at once`,
  description:
    'Needs the scope `read`. Each customer takes the parameters of `/v1/customer`, but for `tenant`, which is that of all, and has a status of its own: the faults of one do not fail the others. A few are asked for at a time; one that is named twice, in whatever spelling, is asked for once. What is wrong with the whole, such as too many customers, is a problem in place of the answer. What does not fit the quota is refused whole.',
  parameters: HEADER_PARAMETERS,
  requestBody: {
    description: 'The customers.',
    required: true,
    content: {
      'application/json': {
        schema: requestSchema(customersBody),
        examples: { three: REQUEST },
      },
    },
  },
  responses: {
    200: passingAnswer('Customers', 'The customers, in the order asked.', { three: REPLY }),
    ...problemReferences(BATCH_PROBLEMS),
  },
};

/** The operation of `/v1/customers`. */
export const CUSTOMERS_PATH: PathItem = { post: POST };
