// What callers are sent, as Zod schemas: the documentation is made from them, and tests judge replies by them.
import { z } from 'zod';
import type { Customer, Insights } from '../domain/customer.ts';
import type { Strategy } from '../domain/identity.ts';
import type { Interaction } from '../domain/interaction.ts';
import { type Fault, PROBLEMS } from '../domain/problem.ts';
import { REGIONS } from '../domain/region.ts';
import type { Summaries, Summary, SummaryFailure, SummaryReason } from '../domain/summaries.ts';
import type { TimeRangeView } from '../domain/time-range.ts';
import { FAULT_CODES } from './openapi/fault-codes.ts';
import { count, describing, instant, text, texts } from './openapi/schema-parts.ts';

const summaryFields = {
  text: text('The summary itself.', 'The caller asked for a refund of one invoice.'),
  status: text('As 8x8 gives it.', 'success'),
  type: text('As 8x8 gives it.', 'summary'),
  durationSeconds: z
    .number()
    .nonnegative()
    .nullable()
    .meta({
      description: 'How long the interaction took, in seconds; it may have a fraction.',
      examples: [184],
    }),
  createdAt: instant(
    'When the summary was made. 8x8 names no time zone for it; it is read as UTC.',
    '2025-08-15T14:30:00.000Z',
  ),
};

const interactionId = z.string().meta({
  description: 'The id of the interaction.',
  examples: ['int-abc123'],
});

const reason = z.enum(['not-found', 'unavailable'] satisfies SummaryReason[]).meta({
  description:
    '`not-found`: there is no summary. `unavailable`: it could not be had this time; asking again may help.',
});

/** The transcript summary of one interaction. */
export const summarySchema = describing<Summary>()(
  z.strictObject(summaryFields).meta({ description: 'The transcript summary of one interaction.' }),
);

/** An interaction of an answer whose summary was asked for and is missing. */
export const summaryFailureSchema = describing<SummaryFailure>()(
  z
    .strictObject({ id: interactionId, reason })
    .meta({ description: 'An interaction whose summary is missing, and why.' }),
);

/** The answer of `/v1/summaries`. */
export const summariesSchema = describing<Summaries>()(
  z
    .strictObject({
      tenant: z
        .string()
        .meta({ description: 'The tenant that was asked for.', examples: ['acme'] }),
      summaries: z
        .array(z.strictObject({ interactionId, ...summaryFields }))
        .meta({ description: 'The summaries that exist, in the order asked, each id once.' }),
      failures: z
        .array(z.strictObject({ interactionId, reason }))
        .meta({ description: 'The other ids, in the order asked.' }),
    })
    .meta({ description: 'The transcript summaries of some interactions.' }),
);

const wholeInteraction = describing<Interaction>()(
  z.strictObject({
    id: interactionId,
    contactId: text('The contact in the CRM.', '8a7b6c'),
    address: text('The email address or phone number of the customer.', 'customer@example.com'),
    channel: text('`phone`, `email`, `chat`, `voicemail` or what else 8x8 names.', 'email'),
    chatType: text('The kind of chat, as 8x8 names it.', 'WebChat'),
    direction: text('`inbound`, `outbound` or what else 8x8 names.', 'inbound'),
    product: text('`cc`, `uc`, `engage` or what else 8x8 names.', 'cc'),
    startedAt: instant('When it began.', '2024-08-23T08:00:00.000Z'),
    endedAt: instant('When it ended.', '2024-08-23T09:00:00.000Z'),
    durationSeconds: count('From beginning to end; null if unknown.', 3600),
    sentiment: text('`positive`, `neutral`, `negative` or what else 8x8 names.', 'positive'),
    topics: z
      .array(
        z.strictObject({
          name: z.string().meta({ description: 'The topic.', examples: ['billing'] }),
          matches: count('How often it came up.', 2),
        }),
      )
      .meta({ description: 'What it was about.' }),
    wrapUpCodes: texts('What the agent chose at the end.', 'resolved'),
    queue: text('The queue it came through.', 'Support Queue'),
    department: text('The department.', 'Care'),
    outcome: text('How it ended.', 'Resolved'),
    labels: texts('The labels put on it.', 'vip'),
    title: text('Its title.', 'Refund'),
    emailSubject: text('The subject of the email.', 'Billing inquiry'),
    signals: texts('The signals found in it.', 'escalation'),
    summary: summarySchema.nullable().exactOptional().meta({
      description: 'Only with `include=summaries`; null if there is none.',
    }),
  }),
);

/** One interaction. Fields can be missing: `fields` chooses, and an app may be kept from seeing some. */
export const interactionSchema = wholeInteraction.partial().required({ id: true }).meta({
  description:
    'One interaction. Every field is there, and null (lists: empty) where 8x8 says nothing, unless `fields` leaves it out or this app may not see it.',
});

const wholeInsights = describing<Insights>()(
  z.strictObject({
    sentiment: z
      .strictObject({
        interactions: count('How many interactions it is made from.', 2),
        customer: text('The customer’s sentiment.', 'positive'),
        agent: text('The agents’ sentiment.', 'neutral'),
        overall: text('The sentiment of both.', 'positive'),
      })
      .nullable()
      .meta({ description: 'Sentiment over all interactions.' }),
    topics: z
      .strictObject({
        interactions: count('How many interactions it is made from.', 1),
        frequency: z.array(
          z.strictObject({
            name: z.string().meta({ description: 'The topic.', examples: ['billing'] }),
            category: text('The category of the topic.', 'Finance'),
            interactions: count('How many interactions are about it.', 1),
            percentage: z
              .number()
              .nonnegative()
              .nullable()
              .meta({
                description: 'Their share, in per cent.',
                examples: [50],
              }),
          }),
        ),
      })
      .nullable()
      .meta({ description: 'Topics over all interactions.' }),
  }),
);

/** The vendor's aggregates. A half is missing for an app that may not see its field. */
export const insightsSchema = wholeInsights.partial().meta({
  description:
    'What 8x8 says over all interactions of the answer; null without its Speech Analytics licence. A half may be null, or left out if this app may not see that field.',
});

/** The time range of an answer. */
export const timeRangeSchema = describing<TimeRangeView>()(
  z
    .strictObject({
      startTime: instant('The start, on the tenant’s time grid.', '2024-08-01T00:00:00.000Z'),
      endTime: instant('The end; null if the range is open.', '2024-09-01T00:00:00.000Z'),
      last: text('The duration, if the range ends now.', 'P1Y'),
    })
    .meta({ description: 'The range that was searched, in its canonical form.' }),
);

/** The answer of `/v1/customer` to an app that may see all of it. */
export const wholeCustomer = describing<Customer>()(
  z.strictObject({
    tenant: z.string().meta({ description: 'The tenant that was asked for.', examples: ['acme'] }),
    region: z.enum(REGIONS).meta({ description: 'Where 8x8 keeps the tenant’s data.' }),
    customer: z
      .strictObject({
        by: z
          .enum(['email', 'phone', 'contact', 'account'] satisfies Strategy[])
          .meta({ description: 'How the customer was looked up.' }),
        value: z.string().meta({
          description: 'The canonical email address, E.164 phone number or id.',
          examples: ['customer@example.com'],
        }),
        crmId: z.literal('native').nullable().meta({ description: 'The CRM of the id.' }),
      })
      .meta({ description: 'The customer, in canonical form.' }),
    timeRange: timeRangeSchema,
    complete: z.boolean().meta({
      description:
        'False if there may be more than shown: 8x8 gives 50 interactions at most, or one of them could not be read.',
    }),
    interactions: z.array(wholeInteraction),
    insights: wholeInsights.nullable(),
    summaryFailures: z.array(summaryFailureSchema).exactOptional().meta({
      description: 'Only with `include=summaries`: the interactions without a summary.',
    }),
  }),
);

/** The answer of `/v1/customer`, as an app may see it. */
export const customerSchema = wholeCustomer
  .extend({
    interactions: z.array(interactionSchema).meta({
      description: 'Newest first, each id once. Empty for a customer that 8x8 does not know.',
    }),
    insights: insightsSchema.nullable(),
  })
  .meta({ description: 'One customer: the interactions in a time range, and insights.' });

const problemTypes = Object.keys(PROBLEMS).map((slug) => `/problems/${slug}`);

/** Every error, as `application/problem+json` (RFC 9457). */
export const problemSchema = z
  .strictObject({
    type: z
      .enum(problemTypes)
      .meta({ description: 'What went wrong. A page at this address explains it.' }),
    title: z.string().meta({ description: 'The same for each problem of a type.' }),
    status: z.int().min(400).max(599).meta({ description: 'The HTTP status.' }),
    detail: z.string().meta({ description: 'What to do about it. Holds no value of the request.' }),
    instance: z.string().meta({ description: 'The request id, as in `X-Request-Id`.' }),
    errors: z
      .array(
        describing<Fault>()(
          z.strictObject({
            parameter: z.string().meta({ description: 'The parameter, or `body`.' }),
            code: z.enum(FAULT_CODES).meta({ description: 'What is wrong with it.' }),
            detail: z.string().meta({ description: 'What to change.' }),
          }),
        ),
      )
      .exactOptional()
      .meta({ description: 'Only for `invalid-request`: every fault of the request.' }),
    'violated-policies': z
      .array(z.string())
      .exactOptional()
      .meta({ description: 'Only for `quota-exceeded`: the policies that refused.' }),
  })
  .meta({ description: 'A problem (RFC 9457).' });

/** The answer of `/livez` and `/readyz`. */
export const healthSchema = z
  .strictObject({
    status: z.literal('ok'),
    degraded: z
      .array(z.string())
      .exactOptional()
      .meta({
        description: 'Only in `/readyz`: what is out of reach while the service still serves.',
        examples: [['redis']],
      }),
  })
  .meta({ description: 'The service works.' });
