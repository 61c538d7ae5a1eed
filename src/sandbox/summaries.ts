// The transcript summaries: the rules of the request, and what there is for each interaction.
import { createChance, hexFrom } from './chance.ts';
import { CLOSINGS } from './phrases.ts';
import type { SandboxTenant } from './population.ts';
import { Refusal } from './refusal.ts';
import { withoutZone } from './times.ts';
import type { VendorInteraction, VendorPartialFailure, VendorSummary } from './vendor-shapes.ts';

/** So many ids may be asked for at once. */
const MAX_SUMMARY_IDS = 50;

const WRITTEN_AFTER_MS = 90_000;

/** The body of a 200. */
export interface SummariesAnswer {
  readonly summaries: VendorSummary[];
  readonly partialFailures: VendorPartialFailure[];
}

/**
 * The interaction ids asked for, 1 to 50.
 * @throws Refusal if there are none, too many, or a blank one.
 */
export function readSummaryIds(
  pairs: readonly (readonly [name: string, value: string])[],
): string[] {
  const ids = pairs.filter(([name]) => name === 'interactionId').map(([, id]) => id);
  if (ids.length === 0) throw new Refusal('interactionId is needed');
  if (ids.length > MAX_SUMMARY_IDS) throw new Refusal('More than 50 interactionIds');
  if (ids.some((id) => id.trim() === '')) throw new Refusal('An interactionId is blank');
  return ids;
}

/** What there is for these ids, in the order asked, each once. */
export function answerSummaries(tenant: SandboxTenant, ids: readonly string[]): SummariesAnswer {
  const interactions = new Map(
    tenant.customers
      .flatMap((customer) => customer.interactions)
      .map((interaction) => [interaction.interactionId, interaction]),
  );
  const answer: SummariesAnswer = { summaries: [], partialFailures: [] };
  for (const id of new Set(ids)) {
    const summary = makeSummary(interactions.get(id));
    if (typeof summary === 'object') answer.summaries.push(summary);
    else answer.partialFailures.push({ interactionId: id, reason: summary });
  }
  return answer;
}

/** About three in four have a summary. One that goes on or is unknown has none. */
function makeSummary(
  interaction: VendorInteraction | undefined,
): VendorSummary | VendorPartialFailure['reason'] {
  if (interaction?.endedAt === undefined) return 'Summary not found';
  const { interactionId, startedAt, endedAt } = interaction;
  const chance = createChance(`summary/${interactionId}`);
  if (chance.oneIn(7)) return 'Summary not found';
  if (chance.oneIn(9)) return 'Summary not available';
  const about = interaction.topics?.[0]?.topic ?? 'a general question';
  const result = `${interaction.queueName ?? 'Direct'}: ${about}. ${chance.pick(CLOSINGS)}`;
  return {
    interactionId,
    summaryObjectId: `obj-${hexFrom(`object/${interactionId}`, 12)}`,
    content: {
      id: `summary-${hexFrom(`content/${interactionId}`, 12)}`,
      result,
      status: 'success',
      type: 'summary',
      duration: (endedAt - startedAt) / 1_000,
    },
    metadata: {
      createdAt: withoutZone(endedAt + WRITTEN_AFTER_MS),
      sizeBytes: Buffer.byteLength(result),
    },
  };
}
