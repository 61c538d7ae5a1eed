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
import { eachOf, MAX_INSTANT, type NoteDrift } from './fields.ts';
import {
  contentFields,
  customerFields,
  failureFields,
  frequencyFields,
  insightsFields,
  interactionFields,
  metadataFields,
  sentimentFields,
  sentimentsFields,
  summariesFields,
  summaryFields,
  topicsFields,
} from './vendor-fields.ts';

/** Far above the 50 that the contract allows: more is no answer of the vendor's. */
const MAX_ROWS = 1_000;

const isoInstant = z.iso.datetime({ offset: true });

const KNOWN_VALUES = [
  ['mediaType', new Set(['PHONE', 'EMAIL', 'CHAT', 'VOICEMAIL'])],
  ['direction', new Set(['INBOUND', 'OUTBOUND'])],
  ['productType', new Set(['CC', 'UC', 'ENGAGE'])],
  ['sentiment', new Set(['POSITIVE', 'NEUTRAL', 'NEGATIVE'])],
] as const;

/** Reads an answer of `interactions-insight`. @throws {Problem} `upstream-invalid` */
export function readVendorCustomer(body: unknown, note: NoteDrift): VendorCustomer {
  if (!isJsonObject(body)) throw notTheContract();
  const { interactions: rows, insights } = customerFields(body, note);
  if (rows === null || rows.length > MAX_ROWS) throw notTheContract();
  const interactions = eachOf(rows, readInteraction, note);
  const droppedRows = rows.length - interactions.length;
  return { interactions, insights: readInsights(insights, note), rows: rows.length, droppedRows };
}

/** Reads an answer of `transcript-summaries`. @throws {Problem} `upstream-invalid` */
export function readVendorSummaries(body: unknown, note: NoteDrift): VendorSummaries {
  if (!isJsonObject(body)) throw notTheContract();
  const { summaries, partialFailures } = summariesFields(body, note);
  if (summaries === null) throw notTheContract();
  return {
    summaries: eachOf(summaries, readSummary, note),
    failures: eachOf(partialFailures, readFailure, note),
  };
}

function readInteraction(row: JsonObject, note: NoteDrift): VendorInteraction | undefined {
  const read = interactionFields(row, note);
  if (!hasId(read)) return undefined;
  for (const [name, values] of KNOWN_VALUES) {
    const value = read[name];
    if (value !== null && !values.has(value)) note('unknown-value');
  }
  return read;
}

function readInsights(insights: JsonObject | null, note: NoteDrift): VendorInsights | null {
  if (insights === null) return null;
  const halves = insightsFields(insights, note);
  return {
    sentiments: halves.aggregatedSentiments && readSentiments(halves.aggregatedSentiments, note),
    topics: halves.aggregatedTopics && readTopics(halves.aggregatedTopics, note),
  };
}

function readSentiments(half: JsonObject, note: NoteDrift): VendorInsights['sentiments'] {
  const { totalInteractions, aggregatedSentiment } = sentimentsFields(half, note);
  const read = sentimentFields(aggregatedSentiment ?? {}, note);
  return {
    totalInteractions,
    customer: read.aggregatedCustomerSentiment,
    agent: read.aggregatedAgentSentiment,
    overall: read.aggregatedOverallSentiment,
  };
}

function readTopics(half: JsonObject, note: NoteDrift): NonNullable<VendorInsights['topics']> {
  const { totalInteractions, topicFrequency } = topicsFields(half, note);
  return { totalInteractions, frequency: eachOf(topicFrequency, readFrequency, note) };
}

function readFrequency(item: JsonObject, note: NoteDrift) {
  const read = frequencyFields(item, note);
  return read.topicName ? { ...read, topicName: read.topicName } : undefined;
}

function readSummary(item: JsonObject, note: NoteDrift): VendorSummary | undefined {
  const read = summaryFields(item, note);
  if (!hasId(read)) return undefined;
  const { interactionId, content, metadata } = read;
  const { result, status, type, duration } = contentFields(content ?? {}, note);
  const { createdAt } = metadataFields(metadata ?? {}, note);
  return {
    interactionId,
    text: result,
    status,
    type,
    durationSeconds: duration,
    createdAt: readUtcInstant(createdAt, note),
  };
}

function readFailure(item: JsonObject, note: NoteDrift) {
  const { interactionId, reason } = failureFields(item, note);
  return interactionId ? { interactionId, reason } : undefined;
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

/** Ids are asked for again, in URLs: what no URL can hold is none. */
function hasId<Read extends { readonly interactionId: string | null }>(
  read: Read,
): read is Read & { readonly interactionId: string } {
  const id = read.interactionId;
  return id !== null && id.trim() !== '' && id.isWellFormed();
}

function notTheContract(): Problem {
  return new Problem('upstream-invalid', { reason: 'not the contract' });
}
