// The aggregates over the interactions of one answer.
import { TOPICS } from './phrases.ts';
import type {
  VendorInsights,
  VendorInteraction,
  VendorSentiment,
  VendorTopicFrequency,
} from './vendor-shapes.ts';

const SCORES: Readonly<Record<VendorSentiment, number>> = { POSITIVE: 1, NEUTRAL: 0, NEGATIVE: -1 };
/** Agents sound a little better than customers. */
const AGENT_BONUS = 0.3;

/** Insights over these interactions. A half for which none of them has data is left out. */
export function insightsOf(interactions: readonly VendorInteraction[]): VendorInsights {
  const scores = interactions.flatMap(({ sentiment }) => (sentiment ? [SCORES[sentiment]] : []));
  const topics = interactions.flatMap((interaction) =>
    interaction.topics ? [interaction.topics] : [],
  );
  const insights: VendorInsights = {};
  if (scores.length > 0) {
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    insights.aggregatedSentiments = {
      totalInteractions: scores.length,
      aggregatedSentiment: {
        aggregatedCustomerSentiment: sentimentOf(mean),
        aggregatedAgentSentiment: sentimentOf(mean + AGENT_BONUS),
        aggregatedOverallSentiment: sentimentOf(mean + AGENT_BONUS / 2),
      },
    };
  }
  if (topics.length > 0) {
    insights.aggregatedTopics = {
      totalInteractions: topics.length,
      topicFrequency: frequencies(topics.map((found) => found.map(({ topic }) => topic))),
    };
  }
  return insights;
}

function sentimentOf(score: number): VendorSentiment {
  if (score > 0.2) return 'POSITIVE';
  return score < -0.2 ? 'NEGATIVE' : 'NEUTRAL';
}

function frequencies(found: readonly (readonly string[])[]): VendorTopicFrequency[] {
  return TOPICS.map(({ topic, category }) => {
    const count = found.filter((topics) => topics.includes(topic)).length;
    return {
      topicName: topic,
      categoryName: category,
      interactionsMatchedCount: count,
      percentageMatched: Math.round((1_000 * count) / found.length) / 10,
    };
  })
    .filter((frequency) => frequency.interactionsMatchedCount > 0)
    .sort((a, b) => b.interactionsMatchedCount - a.interactionsMatchedCount);
}
