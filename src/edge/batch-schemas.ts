// What callers of a batch are sent, as Zod schemas.
import { z } from 'zod';
import { customerSchema, problemSchema } from './schemas.ts';

const answered = z
  .strictObject({
    status: z.literal(200),
    age: z
      .int()
      .nonnegative()
      .meta({ description: 'Seconds since 8x8 gave this answer.', examples: [18] }),
    body: customerSchema,
  })
  .meta({ description: 'A customer, as `/v1/customer` answers it.' });

const failed = z
  .strictObject({
    status: z.int().min(400).max(599).meta({ description: 'The status of the problem.' }),
    retryAfter: z.int().min(1).max(600).exactOptional().meta({
      description: 'Only with 503: seconds after which another try can succeed.',
    }),
    problem: problemSchema,
  })
  .meta({ description: 'Why there is no answer for this customer.' });

/** The answer of `/v1/customers`. */
export const batchSchema = z
  .strictObject({
    customers: z
      .array(z.union([answered, failed]))
      .meta({ description: 'One for each customer of the request, in its order.' }),
  })
  .meta({ description: 'Several customers, each with a status of its own.' });
