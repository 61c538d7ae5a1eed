// What callers are sent who ask for a complete history, as Zod schemas.
import { z } from 'zod';
import type { Gap, History } from '../domain/history.ts';
import type { Derived } from '../domain/tally.ts';
import type { Timeline } from '../domain/timeline.ts';
import { describing } from './openapi/schema-parts.ts';
import { insightsSchema, interactionSchema, wholeCustomer } from './schemas.ts';

const gapSchema = describing<Gap>()(
  z.strictObject({
    startTime: z.iso.datetime({ precision: 3 }).meta({
      description: 'The first instant of it.',
      examples: ['2024-08-01T00:00:00.000Z'],
    }),
    endTime: z.iso.datetime({ precision: 3 }).meta({
      description: 'The last instant of it.',
      examples: ['2024-08-01T00:00:01.000Z'],
    }),
  }),
);

const total = (description: string, example: number) =>
  z
    .int()
    .nonnegative()
    .meta({ description, examples: [example] });

const counts = (description: string, example: Record<string, number>) =>
  z.record(z.string(), z.int().positive()).meta({ description, examples: [example] });

const wholeDerived = describing<Derived>()(
  z.strictObject({
    interactions: total('All of the history.', 2),
    byChannel: counts('By channel.', { email: 1, phone: 1 }),
    byDirection: counts('By direction.', { inbound: 2 }),
    byProduct: counts('By product.', { cc: 2 }),
    bySentiment: counts('By sentiment.', { positive: 1, neutral: 1 }),
    topics: z
      .array(
        z.strictObject({
          name: z.string().meta({ description: 'The topic.', examples: ['billing'] }),
          interactions: total('In how many interactions it comes up.', 1),
          percentage: z
            .number()
            .nonnegative()
            .max(100)
            .meta({
              description: 'Their share of all interactions, in per cent, to two decimals.',
              examples: [50],
            }),
        }),
      )
      .meta({ description: 'The most frequent first.' }),
  }),
);

/** Our own count over a whole history. What counts a field is missing for an app that may not see it. */
export const derivedSchema = wholeDerived.partial().required({ interactions: true }).meta({
  description:
    'Counted here, over the whole history and not the page. Interactions without a value are in no count of that field. What counts a field is left out if this app may not see the field.',
});

const page = z
  .strictObject({
    nextCursor: z.string().nullable().meta({
      description:
        'Give it as `cursor`, with the same parameters, for the next page; it holds for an hour. Null on the last page.',
    }),
  })
  .meta({ description: 'Which page this is.' });

const wholeHistory = describing<History>()(
  wholeCustomer.extend({ gaps: z.array(gapSchema), derived: wholeDerived, page }),
);

const foundBy = z
  .array(z.int().nonnegative())
  .min(1)
  .meta({
    description: 'The places of the identities that found it, from 0 on.',
    examples: [[0, 1]],
  });

const wholeTimeline = describing<Timeline>()(
  wholeHistory.omit({ customer: true, insights: true, summaryFailures: true }).extend({
    identities: z.array(wholeCustomer.shape.customer),
    interactions: z.array(wholeCustomer.shape.interactions.element.extend({ foundBy })),
  }),
);

/** The answer of `/v1/timeline`, as an app may see it. */
export const timelineSchema = wholeTimeline
  .extend({
    complete: z.boolean().meta({ description: 'False if there are gaps.' }),
    gaps: z.array(gapSchema).meta({
      description: 'Where something of any of the identities may be missing.',
    }),
    identities: wholeTimeline.shape.identities.meta({
      description: 'The identities in canonical form, in the order asked.',
    }),
    interactions: z.array(interactionSchema.extend({ foundBy })).meta({
      description: 'Those of the page: newest first, each id once over all pages.',
    }),
    derived: derivedSchema,
  })
  .meta({ description: 'One page of what several identities of one person have to do with.' });

/** The answer of `/v1/customer` with `history=complete`, as an app may see it. */
export const historySchema = wholeHistory
  .extend({
    complete: z.boolean().meta({ description: 'False if there are gaps.' }),
    gaps: z.array(gapSchema).meta({
      description:
        'Where something may be missing: what could not be had this time, which asking again goes on with, or a second in which 8x8 tells of 50 interactions and may have more.',
    }),
    interactions: z.array(interactionSchema).meta({
      description: 'Those of the page: newest first, each id once over all pages.',
    }),
    insights: insightsSchema.nullable().meta({
      description:
        'What 8x8 says, where one call held everything; else null. `derived` covers all.',
    }),
    derived: derivedSchema,
  })
  .meta({ description: 'One page of the complete history of a customer.' });
