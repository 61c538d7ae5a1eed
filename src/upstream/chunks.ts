// The layer that asks for summaries in as many calls as the vendor's limit needs.
import type { Layer } from '../domain/source.ts';
import {
  SUMMARIES_PER_CALL,
  type SummariesQuery,
  type SummaryResult,
  summaryResults,
} from '../domain/summaries.ts';
import type { VendorSummaries } from '../domain/vendor-answer.ts';

/** Ids of a call that failed are left out; if all calls failed, the first one's problem is thrown. */
export function inChunks(): Layer<SummariesQuery, VendorSummaries, readonly SummaryResult[]> {
  return (next) => async (query, context) => {
    const chunks = chunksOf(query.interactionIds, SUMMARIES_PER_CALL);
    const settled = await Promise.allSettled(
      chunks.map(async (ids) =>
        summaryResults(ids, await next({ ...query, interactionIds: ids }, context)),
      ),
    );
    const [first] = settled;
    if (first?.status === 'rejected' && settled.every(({ status }) => status === 'rejected')) {
      throw first.reason;
    }
    return settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
  };
}

function chunksOf(ids: readonly string[], size: number): readonly (readonly string[])[] {
  const count = Math.ceil(ids.length / size);
  return Array.from({ length: count }, (_, index) => ids.slice(index * size, (index + 1) * size));
}
