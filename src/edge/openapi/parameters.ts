// The parameters of requests: in the URL of a GET, in the body of a POST, in headers.
import { z } from 'zod';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../domain/history-request.ts';
import { INTERACTION_FIELDS } from '../../domain/interaction.ts';
import { SUMMARIES_PER_CALL } from '../../domain/summaries.ts';
import { requestSchema } from './components.ts';
import type { Parameter } from './operation.ts';

const optional = (description: string, ...examples: readonly string[]) =>
  z
    .string()
    .optional()
    .meta({ description, examples: [...examples] });
const optionalInstant = (description: string, example: string) =>
  z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description, examples: [example] });

const tenant = optional(
  'The tenant’s name. May be left out if this app may use exactly one.',
  'acme',
);

/** The body of a POST to `/v1/customer`; its members are the query parameters of a GET. */
export const customerBody = z
  .strictObject({
    tenant,
    email: optional(
      'The customer by email address. Case and surrounding blanks do not matter; dots and `+tags` do.',
      'customer@example.com',
    ),
    phoneNumber: optional(
      'The customer by phone number: E.164, or a national format if the tenant has a default country.',
      '+14085551234',
      '(408) 555-1234',
    ),
    contactId: optional('The customer by the id of a contact in the CRM.', '8a7b6c'),
    accountId: optional('The customer by the id of an account in the CRM.', 'acc-42'),
    customer: optional(
      'The customer in short: `email:…`, `phone:…`, `contact:…`, `account:…`; or, without a prefix, what is clearly an email address or a phone number.',
      'email:customer@example.com',
      'tel:+1-408-555-1234',
      'account:acc-42',
    ),
    crmId: optional(
      'The CRM of an account id: only `native`, in any case. Filled in for `contactId`; not with an email address or a phone number.',
      'native',
    ),
    startTime: optionalInstant(
      'The start of the range: ISO-8601 with seconds and `Z` or an offset. Without it, one year before `endTime`.',
      '2024-08-01T00:00:00Z',
    ),
    endTime: optionalInstant(
      'The end of the range. Without it the range is open.',
      '2024-09-01T00:00:00+02:00',
    ),
    last: optional(
      'A range that ends now: an ISO-8601 duration of whole numbers, at most `P10Y`. Not with `startTime` or `endTime`. Without all three: `P1Y`.',
      'P30D',
      'PT12H',
    ),
    include: z
      .array(z.enum(['summaries']))
      .min(1)
      .optional()
      .meta({ description: 'What to join to the interactions. Needs the scope `summaries`.' }),
    fields: z
      .array(z.enum([...INTERACTION_FIELDS, 'summary']))
      .min(1)
      .optional()
      .meta({
        description:
          'The fields of an interaction to keep; without it, all. `id` is always kept, and so is an included `summary`.',
      }),
    history: z.enum(['complete']).optional().meta({
      description:
        'Everything in the range, page by page, past the 50 interactions that 8x8 gives at a time.',
    }),
    limit: z
      .int()
      .min(1)
      .max(MAX_LIMIT)
      .optional()
      .meta({
        description: `The most interactions of a page; without it, ${DEFAULT_LIMIT}. Only with \`history\`. With \`include=summaries\` every ${SUMMARIES_PER_CALL} cost one request of the quota.`,
        examples: [100],
      }),
    cursor: optional(
      'The `page.nextCursor` of the page before, with the same parameters. Only with `history`.',
      'bGltaXQ9NTA0N2Y2ZDk2ZTQ5',
    ),
  })
  .meta({
    description:
      'Exactly one of `email`, `phoneNumber`, `contactId`, `accountId` and `customer` is needed.',
  });

/** The body of a POST to `/v1/customer/export`; its members are the query parameters of a GET. */
export const exportBody = customerBody
  .omit({ include: true, history: true, limit: true, cursor: true })
  .extend({
    fields: z.array(z.enum(INTERACTION_FIELDS)).min(1).optional().meta({
      description: 'The fields to keep; without it, all. `id` is always kept.',
    }),
  })
  .meta({
    description:
      'Exactly one of `email`, `phoneNumber`, `contactId`, `accountId` and `customer` is needed.',
  });

const MAX_IDS = 200;

/** The body of a POST to `/v1/summaries`. */
export const summariesBody = z
  .strictObject({
    tenant,
    interactionIds: z
      .array(z.string())
      .min(1)
      .max(MAX_IDS)
      .meta({
        description: `1 to ${MAX_IDS} ids of interactions. Every ${SUMMARIES_PER_CALL} cost one request of the quota.`,
        examples: [['int-abc123', 'int-def456']],
      }),
  })
  .meta({ description: 'The interactions whose summaries are wanted.' });

/** The members of a body as parameters of a query string, where lists are written with commas. */
export function queryParameters(body: z.ZodObject): readonly Parameter[] {
  return Object.entries(body.shape).map(([name, field]) =>
    queryParameter(name, field as z.ZodType),
  );
}

/** One parameter of a query string. */
export function queryParameter(name: string, field: z.ZodType): Parameter {
  const { description = '', ...schema } = requestSchema(field);
  return {
    name,
    in: 'query',
    description,
    required: !field.safeParse(undefined).success,
    ...(schema.type === 'array' && { explode: false }),
    schema,
  };
}

/** The request headers that `/v1` reads beside credentials. */
export const HEADER_PARAMETERS: readonly Parameter[] = [
  {
    name: 'Cache-Control',
    in: 'header',
    description:
      '`no-cache` asks for an answer that is fetched anew. Needs the scope `refresh`, and is otherwise ignored. The `fetch` of browsers and Node adds it where a program sets `If-None-Match` itself; send `max-age=0` to be spared the refresh.',
    schema: { type: 'string', examples: ['no-cache'] },
  },
  {
    name: 'X-Request-Id',
    in: 'header',
    description: 'An id for this request: 1 to 128 characters of `A-Za-z0-9._-`.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
  },
];

/** For methods that only read. */
export const IF_NONE_MATCH: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description:
    'Tags of answers that are at hand: if one still holds, the reply is 304 without a body.',
  schema: { type: 'string', examples: ['"k3VtR0x5bGJmZ0hQY2x0a2pXbWc"'] },
};
