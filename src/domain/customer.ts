// The customer as callers see it: the model, and the way from the vendor's answer to it.
import type { CustomerQuery } from './customer-query.ts';
import type { Strategy } from './identity.ts';
import type { Interaction } from './interaction.ts';
import { isoInstant } from './iso-instant.ts';
import type { Region } from './region.ts';
import type { SummaryFailure, SummaryResult } from './summaries.ts';
import { type TimeRangeView, timeRangeView } from './time-range.ts';
import type { VendorCustomer, VendorInsights, VendorInteraction } from './vendor-answer.ts';

/** The vendor returns at most so many interactions; that many mean that there may be more (CONTRACT). */
const VENDOR_ROW_LIMIT = 50;

/** The vendor's aggregates over the interactions of one answer; either half may be missing. */
export interface Insights {
  readonly sentiment: {
    readonly interactions: number | null;
    readonly customer: string | null;
    readonly agent: string | null;
    readonly overall: string | null;
  } | null;
  readonly topics: {
    readonly interactions: number | null;
    readonly frequency: readonly {
      readonly name: string;
      readonly category: string | null;
      readonly interactions: number | null;
      readonly percentage: number | null;
    }[];
  } | null;
}

/** The answer to a customer query. A function of the vendor's content alone: it holds no clock. */
export interface Customer {
  readonly tenant: string;
  readonly region: Region;
  readonly customer: {
    readonly by: Strategy;
    readonly value: string;
    readonly crmId: 'native' | null;
  };
  readonly timeRange: TimeRangeView;
  readonly complete: boolean;
  readonly interactions: readonly Interaction[];
  readonly insights: Insights | null;
  /** Only when summaries were included. */
  readonly summaryFailures?: readonly SummaryFailure[];
}

/** Shapes the vendor's answer: newest first, each id once, enumerations in lower case. */
export function customerFrom(query: CustomerQuery, answer: VendorCustomer): Customer {
  return {
    ...answerHead(query),
    complete: answer.rows < VENDOR_ROW_LIMIT && answer.droppedRows === 0,
    interactions: eachOnce([...answer.interactions].sort(newestFirst)).map(interactionFrom),
    insights: insightsFrom(answer.insights),
  };
}

/** What every answer to a query begins with: whom and when it is about. */
export function answerHead({ tenant, identity, timeRange }: CustomerQuery) {
  return {
    tenant: tenant.name,
    region: tenant.region,
    customer: { by: identity.by, value: identity.value, crmId: identity.crmId },
    timeRange: timeRangeView(timeRange),
  };
}

/** Joins to each interaction what is known about its summary. */
export function withSummaries<Answer extends Pick<Customer, 'interactions'>>(
  customer: Answer,
  results: readonly SummaryResult[],
) {
  const byId = new Map(results.map((result) => [result.id, result]));
  const interactions = customer.interactions.map((interaction) => {
    const result = byId.get(interaction.id);
    return { ...interaction, summary: result && 'summary' in result ? result.summary : null };
  });
  const summaryFailures = results.flatMap((result) =>
    'reason' in result ? [{ id: result.id, reason: result.reason }] : [],
  );
  return { ...customer, interactions, summaryFailures };
}

function newestFirst(a: VendorInteraction, b: VendorInteraction): number {
  const byStart =
    (b.startedAt ?? Number.NEGATIVE_INFINITY) - (a.startedAt ?? Number.NEGATIVE_INFINITY);
  if (byStart > 0 || byStart < 0) return byStart;
  return a.interactionId < b.interactionId ? -1 : Number(a.interactionId > b.interactionId);
}

function eachOnce(interactions: readonly VendorInteraction[]): readonly VendorInteraction[] {
  const seen = new Set<string>();
  return interactions.filter(({ interactionId }) => {
    const { size } = seen;
    return seen.add(interactionId).size > size;
  });
}

/** One interaction as callers see it. */
export function interactionFrom(vendor: VendorInteraction): Interaction {
  return {
    id: vendor.interactionId,
    contactId: vendor.contactId,
    address: vendor.mediaIdentifier,
    channel: lowerCase(vendor.mediaType),
    chatType: vendor.chatType,
    direction: lowerCase(vendor.direction),
    product: lowerCase(vendor.productType),
    startedAt: vendor.startedAt === null ? null : isoInstant(vendor.startedAt),
    endedAt: vendor.endedAt === null ? null : isoInstant(vendor.endedAt),
    durationSeconds: durationSeconds(vendor.startedAt, vendor.endedAt),
    sentiment: lowerCase(vendor.sentiment),
    topics: vendor.topics.map(({ topic, matches }) => ({ name: topic, matches })),
    wrapUpCodes: vendor.wrapUpCodes,
    queue: vendor.queueName,
    department: vendor.departmentName,
    outcome: vendor.outcomeLabel,
    labels: vendor.interactionLabels,
    title: vendor.title,
    emailSubject: vendor.emailSubject,
    signals: vendor.signals,
  };
}

/** The aggregates as callers see them; null where the vendor has none. */
export function insightsFrom(vendor: VendorInsights | null): Insights | null {
  if (!vendor?.sentiments && !vendor?.topics) return null;
  const { sentiments, topics } = vendor;
  return {
    sentiment: sentiments && {
      interactions: sentiments.totalInteractions,
      customer: lowerCase(sentiments.customer),
      agent: lowerCase(sentiments.agent),
      overall: lowerCase(sentiments.overall),
    },
    topics: topics && {
      interactions: topics.totalInteractions,
      frequency: topics.frequency.map((topic) => ({
        name: topic.topicName,
        category: topic.categoryName,
        interactions: topic.interactionsMatchedCount,
        percentage: topic.percentageMatched,
      })),
    },
  };
}

function durationSeconds(startedAt: number | null, endedAt: number | null): number | null {
  if (startedAt === null || endedAt === null || endedAt < startedAt) return null;
  return Math.floor((endedAt - startedAt) / 1000);
}

function lowerCase(text: string | null): string | null {
  return text === null ? null : text.toLowerCase();
}
