// The fields of the vendor's answers that we know of, object by object.
import type { JsonObject } from '../domain/json-object.ts';
import {
  eachOf,
  instant,
  list,
  measure,
  type NoteDrift,
  object,
  quantity,
  reader,
  text,
  words,
} from './fields.ts';

/** An answer of `interactions-insight`. */
export const customerFields = reader((raw, note) => ({
  interactions: list(raw.interactions, note),
  insights: object(raw.insights, note),
}));
/** A topic of an interaction; without a name it is none. */
const readTopic = (raw: JsonObject, note: NoteDrift) => {
  const { topic, matches } = topicFields(raw, note);
  return topic ? { topic, matches } : undefined;
};
const topicFields = reader((raw, note) => ({
  topic: text(raw.topic, note),
  matches: quantity(raw.matches, note),
}));
/** One of its interactions. */
export const interactionFields = reader((raw, note) => ({
  interactionId: text(raw.interactionId, note),
  contactId: text(raw.contactId, note),
  mediaIdentifier: text(raw.mediaIdentifier, note),
  mediaType: text(raw.mediaType, note),
  chatType: text(raw.chatType, note),
  direction: text(raw.direction, note),
  productType: text(raw.productType, note),
  startedAt: instant(raw.startedAt, note),
  endedAt: instant(raw.endedAt, note),
  sentiment: text(raw.sentiment, note),
  topics: eachOf(list(raw.topics, note), readTopic, note),
  wrapUpCodes: words(list(raw.wrapUpCodes, note), note),
  queueName: text(raw.queueName, note),
  departmentName: text(raw.departmentName, note),
  outcomeLabel: text(raw.outcomeLabel, note),
  interactionLabels: words(list(raw.interactionLabels, note), note),
  title: text(raw.title, note),
  emailSubject: text(raw.emailSubject, note),
  signals: words(list(raw.signals, note), note),
}));
/** The aggregates of an answer. */
export const insightsFields = reader((raw, note) => ({
  aggregatedSentiments: object(raw.aggregatedSentiments, note),
  aggregatedTopics: object(raw.aggregatedTopics, note),
}));
/** Their first half. */
export const sentimentsFields = reader((raw, note) => ({
  totalInteractions: quantity(raw.totalInteractions, note),
  aggregatedSentiment: object(raw.aggregatedSentiment, note),
}));
/** The sentiments themselves. */
export const sentimentFields = reader((raw, note) => ({
  aggregatedCustomerSentiment: text(raw.aggregatedCustomerSentiment, note),
  aggregatedAgentSentiment: text(raw.aggregatedAgentSentiment, note),
  aggregatedOverallSentiment: text(raw.aggregatedOverallSentiment, note),
}));
/** Their second half. */
export const topicsFields = reader((raw, note) => ({
  totalInteractions: quantity(raw.totalInteractions, note),
  topicFrequency: list(raw.topicFrequency, note),
}));
/** One topic of it. */
export const frequencyFields = reader((raw, note) => ({
  topicName: text(raw.topicName, note),
  categoryName: text(raw.categoryName, note),
  interactionsMatchedCount: quantity(raw.interactionsMatchedCount, note),
  percentageMatched: measure(raw.percentageMatched, note),
}));
/** An answer of `transcript-summaries`. */
export const summariesFields = reader((raw, note) => ({
  summaries: list(raw.summaries, note),
  partialFailures: list(raw.partialFailures, note),
}));
/** One of its summaries. */
export const summaryFields = reader((raw, note) => ({
  interactionId: text(raw.interactionId, note),
  summaryObjectId: text(raw.summaryObjectId, note),
  content: object(raw.content, note),
  metadata: object(raw.metadata, note),
}));
/** What a summary says. */
export const contentFields = reader((raw, note) => ({
  id: text(raw.id, note),
  result: text(raw.result, note),
  status: text(raw.status, note),
  type: text(raw.type, note),
  duration: measure(raw.duration, note),
}));
/** What is said about it. */
export const metadataFields = reader((raw, note) => ({
  createdAt: text(raw.createdAt, note),
  sizeBytes: quantity(raw.sizeBytes, note),
}));
/** A summary that could not be had. */
export const failureFields = reader((raw, note) => ({
  interactionId: text(raw.interactionId, note),
  reason: text(raw.reason, note),
}));
