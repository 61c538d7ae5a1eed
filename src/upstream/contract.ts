// What we rely on in the vendor's answers. Every field may be absent or drift; only the outermost shape must hold.
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../domain/json-object.ts';
import { Problem } from '../domain/problem.ts';
import type {
  VendorCustomer,
  VendorInsights,
  VendorInteraction,
  VendorSummaries,
  VendorSummary,
} from '../domain/vendor-answer.ts';
import type { Drift } from '../telemetry/events.ts';

/** Hears of each thing that was not as expected, though usable. */
export type NoteDrift = (drift: Drift) => void;

/** Far above the 50 that the contract allows: more is no answer of the vendor's. */
const MAX_ROWS = 1_000;
const MAX_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const text = z.string().nullable().catch(null);
const isoInstant = z.iso.datetime({ offset: true });
const quantity = z.number().int().min(0).nullable().catch(null);
const measure = z.number().min(0).nullable().catch(null);
const instant = z.number().int().min(0).max(MAX_INSTANT).nullable().catch(null);
const list = z.array(z.unknown()).nullable().catch(null);
const object = z.record(z.string(), z.unknown()).nullable().catch(null);

const interactionSchema = z.object({
  interactionId: text,
  contactId: text,
  mediaIdentifier: text,
  mediaType: text,
  chatType: text,
  direction: text,
  productType: text,
  startedAt: instant,
  endedAt: instant,
  sentiment: text,
  topics: list,
  wrapUpCodes: list,
  queueName: text,
  departmentName: text,
  outcomeLabel: text,
  interactionLabels: list,
  title: text,
  emailSubject: text,
  signals: list,
});
const customerSchema = z.object({ interactions: list, insights: object });
const topicSchema = z.object({ topic: text, matches: quantity });
const insightsSchema = z.object({ aggregatedSentiments: object, aggregatedTopics: object });
const sentimentsSchema = z.object({ totalInteractions: quantity, aggregatedSentiment: object });
const sentimentSchema = z.object({
  aggregatedCustomerSentiment: text,
  aggregatedAgentSentiment: text,
  aggregatedOverallSentiment: text,
});
const topicsSchema = z.object({ totalInteractions: quantity, topicFrequency: list });
const frequencySchema = z.object({
  topicName: text,
  categoryName: text,
  interactionsMatchedCount: quantity,
  percentageMatched: measure,
});
const summariesSchema = z.object({ summaries: list, partialFailures: list });
const summarySchema = z.object({
  interactionId: text,
  summaryObjectId: text,
  content: object,
  metadata: object,
});
const contentSchema = z.object({
  id: text,
  result: text,
  status: text,
  type: text,
  duration: measure,
});
const metadataSchema = z.object({ createdAt: text, sizeBytes: quantity });
const failureSchema = z.object({ interactionId: text, reason: text });

const KNOWN_VALUES = {
  mediaType: new Set(['PHONE', 'EMAIL', 'CHAT', 'VOICEMAIL']),
  direction: new Set(['INBOUND', 'OUTBOUND']),
  productType: new Set(['CC', 'UC', 'ENGAGE']),
  sentiment: new Set(['POSITIVE', 'NEUTRAL', 'NEGATIVE']),
} as const;

/** Reads an answer of `interactions-insight`. @throws {Problem} `upstream-invalid` */
export function readVendorCustomer(body: unknown, note: NoteDrift): VendorCustomer {
  const { interactions: rows, insights } = readOutermost(customerSchema, body, note);
  if (rows === null || rows.length > MAX_ROWS) throw notTheContract();
  const interactions = rows.flatMap((row) => readInteraction(row, note));
  const droppedRows = rows.length - interactions.length;
  return { interactions, insights: readInsights(insights, note), rows: rows.length, droppedRows };
}

/** Reads an answer of `transcript-summaries`. @throws {Problem} `upstream-invalid` */
export function readVendorSummaries(body: unknown, note: NoteDrift): VendorSummaries {
  const { summaries, partialFailures } = readOutermost(summariesSchema, body, note);
  if (summaries === null) throw notTheContract();
  return {
    summaries: summaries.flatMap((item) => readSummary(item, note)),
    failures: objects(partialFailures, note).flatMap((item) => {
      const { interactionId, reason } = readFields(failureSchema, item, note);
      return interactionId ? [{ interactionId, reason }] : dropped(note);
    }),
  };
}

function readInteraction(row: unknown, note: NoteDrift): readonly VendorInteraction[] {
  if (!isJsonObject(row)) return dropped(note);
  const read = readFields(interactionSchema, row, note);
  if (!isId(read.interactionId)) return dropped(note);
  for (const [name, values] of Object.entries(KNOWN_VALUES)) {
    const value = read[name as keyof typeof KNOWN_VALUES];
    if (value !== null && !values.has(value)) note('unknown-value');
  }
  const topics = objects(read.topics, note).flatMap((item) => {
    const { topic, matches } = readFields(topicSchema, item, note);
    return topic ? [{ topic, matches }] : dropped(note);
  });
  return [
    {
      ...read,
      interactionId: read.interactionId,
      topics,
      wrapUpCodes: words(read.wrapUpCodes, note),
      interactionLabels: words(read.interactionLabels, note),
      signals: words(read.signals, note),
    },
  ];
}

function readInsights(insights: JsonObject | null, note: NoteDrift): VendorInsights | null {
  if (insights === null) return null;
  const halves = readFields(insightsSchema, insights, note);
  return {
    sentiments: halves.aggregatedSentiments && readSentiments(halves.aggregatedSentiments, note),
    topics: halves.aggregatedTopics && readTopics(halves.aggregatedTopics, note),
  };
}

function readSentiments(half: JsonObject, note: NoteDrift): VendorInsights['sentiments'] {
  const { totalInteractions, aggregatedSentiment } = readFields(sentimentsSchema, half, note);
  const read = readFields(sentimentSchema, aggregatedSentiment ?? {}, note);
  return {
    totalInteractions,
    customer: read.aggregatedCustomerSentiment,
    agent: read.aggregatedAgentSentiment,
    overall: read.aggregatedOverallSentiment,
  };
}

function readTopics(half: JsonObject, note: NoteDrift): VendorInsights['topics'] {
  const { totalInteractions, topicFrequency } = readFields(topicsSchema, half, note);
  const frequency = objects(topicFrequency, note).flatMap((item) => {
    const read = readFields(frequencySchema, item, note);
    return read.topicName ? [{ ...read, topicName: read.topicName }] : dropped(note);
  });
  return { totalInteractions, frequency };
}

function readSummary(item: unknown, note: NoteDrift): readonly VendorSummary[] {
  if (!isJsonObject(item)) return dropped(note);
  const { interactionId, content, metadata } = readFields(summarySchema, item, note);
  if (!isId(interactionId)) return dropped(note);
  const { result, status, type, duration } = readFields(contentSchema, content ?? {}, note);
  const { createdAt } = readFields(metadataSchema, metadata ?? {}, note);
  return [
    {
      interactionId,
      text: result,
      status,
      type,
      durationSeconds: duration,
      createdAt: readUtcInstant(createdAt, note),
    },
  ];
}

/** The vendor's `createdAt` carries no zone; it is read as UTC. Any other text is no instant. */
function readUtcInstant(createdAt: string | null, note: NoteDrift): number | null {
  if (createdAt === null) return null;
  const withZone = [`${createdAt}Z`, createdAt].find((text) => isoInstant.safeParse(text).success);
  const at = Date.parse(withZone ?? '');
  if (at >= 0 && at <= MAX_INSTANT) return at;
  note('wrong-type');
  return null;
}

function readOutermost<Schema extends z.ZodObject>(
  schema: Schema,
  body: unknown,
  note: NoteDrift,
): z.output<Schema> {
  if (!isJsonObject(body)) throw notTheContract();
  return readFields(schema, body, note);
}

/** Reads the known fields; a wrong type is null. Unknown fields and wrong types are noted. */
function readFields<Schema extends z.ZodObject>(
  schema: Schema,
  raw: JsonObject,
  note: NoteDrift,
): z.output<Schema> {
  const read = schema.parse(raw);
  for (const [name, value] of Object.entries(raw)) {
    if (!Object.hasOwn(schema.shape, name)) note('unknown-field');
    else if (value !== null && read[name] === null) note('wrong-type');
  }
  return read;
}

/** Ids are asked for again, in URLs: what no URL can hold is none. */
function isId(text: string | null): text is string {
  return text !== null && text.trim() !== '' && text.isWellFormed();
}

function notTheContract(): Problem {
  return new Problem('upstream-invalid', { reason: 'not the contract' });
}

function words(items: readonly unknown[] | null, note: NoteDrift): readonly string[] {
  return (items ?? []).flatMap((item) => (typeof item === 'string' ? [item] : dropped(note)));
}

function objects(items: readonly unknown[] | null, note: NoteDrift): readonly JsonObject[] {
  return (items ?? []).flatMap((item) => (isJsonObject(item) ? [item] : dropped(note)));
}

function dropped(note: NoteDrift): never[] {
  note('dropped-item');
  return [];
}
