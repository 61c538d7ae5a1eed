// What the simulated vendor sends: the sandbox's own description, independent of the client's.

/** One interaction. What the vendor leaves out is optional, what it sends as null is nullable. */
export interface VendorInteraction {
  interactionId: string;
  contactId?: string;
  mediaIdentifier: string;
  mediaType: 'PHONE' | 'EMAIL' | 'CHAT' | 'VOICEMAIL' | 'VoiceMail';
  chatType?: string;
  direction: 'INBOUND' | 'OUTBOUND';
  productType: 'CC' | 'UC' | 'ENGAGE';
  /** Unix time in milliseconds, as is `endedAt`, which is absent while the interaction goes on. */
  startedAt: number;
  endedAt?: number;
  /** Absent without the Speech Analytics licence, as are `topics`. */
  sentiment?: VendorSentiment;
  topics?: VendorTopic[];
  wrapUpCodes: string[];
  queueName: string | null;
  outcomeLabel?: string;
  interactionLabels: string[];
  title: string | null;
  emailSubject: string | null;
  departmentName: null;
  signals: string[];
}

/** How an interaction was felt. */
export type VendorSentiment = 'POSITIVE' | 'NEUTRAL' | 'NEGATIVE';

/** A topic found in an interaction, and how often, where that is known. */
export interface VendorTopic {
  topic: string;
  matches: number | null;
}

/** Aggregates over the interactions of one answer. Either half may be missing. */
export interface VendorInsights {
  aggregatedSentiments?: {
    totalInteractions: number;
    aggregatedSentiment: {
      aggregatedCustomerSentiment: VendorSentiment;
      aggregatedAgentSentiment: VendorSentiment;
      aggregatedOverallSentiment: VendorSentiment;
    };
  };
  aggregatedTopics?: {
    totalInteractions: number;
    topicFrequency: VendorTopicFrequency[];
  };
}

/** In how many interactions of an answer a topic was found. */
export interface VendorTopicFrequency {
  topicName: string;
  categoryName: string;
  interactionsMatchedCount: number;
  /** 0 to 100, with one decimal. */
  percentageMatched: number;
}

/** The transcript summary of one interaction. */
export interface VendorSummary {
  interactionId: string;
  summaryObjectId: string;
  /** `duration` is the interaction's, in seconds, with a fraction. */
  content: { id: string; result: string; status: string; type: string; duration: number };
  /** `createdAt` carries no time zone. */
  metadata: { createdAt: string; sizeBytes: number };
}

/** Why an interaction has no summary: there is none, or it cannot be had for the moment. */
export interface VendorPartialFailure {
  interactionId: string;
  reason: 'Summary not found' | 'Summary not available';
}
