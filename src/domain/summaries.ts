// Transcript summaries: the query for them, the model, and the way from the vendor's answer to it.
import { type Identity, normalizeId } from './identity.ts';
import { Faults, type Parameters, readTexts, refuseUnknown } from './parameters.ts';
import type { Tenant } from './tenant.ts';
import type { VendorSummaries, VendorSummary } from './vendor-answer.ts';

/** The summary of one interaction. `createdAt` is ISO-8601 UTC (the vendor names no zone; it is read as UTC). */
export interface Summary {
  readonly text: string | null;
  readonly status: string | null;
  readonly type: string | null;
  readonly durationSeconds: number | null;
  readonly createdAt: string | null;
}

/** Why there is no summary: there is none, or it could not be had this time. */
export type SummaryReason = 'not-found' | 'unavailable';

/** An interaction without a summary. */
export interface SummaryFailure {
  readonly id: string;
  readonly reason: SummaryReason;
}

/** What is known about the summary of one interaction. */
export type SummaryResult =
  | { readonly id: string; readonly summary: Summary }
  | { readonly id: string; readonly reason: SummaryReason };

/** The summaries of some interactions, each id once, canonical. */
export interface SummariesQuery {
  readonly tenant: Tenant;
  readonly interactionIds: readonly string[];
  /** The customer whose answer they are joined to, so that they are kept and erased with it; else null. */
  readonly owner: Identity | null;
}

/** The vendor takes at most so many ids in a call (CONTRACT). */
export const SUMMARIES_PER_CALL = 50;

const MAX_IDS = 200;

/**
 * Reads a request for summaries: `interactionId`, repeated, in a query string; `interactionIds` in a body.
 * @throws {Problem} `invalid-request` with every fault of the request
 */
export function readSummariesRequest(parameters: Parameters, tenant: Tenant): SummariesQuery {
  const faults = new Faults();
  const name = idsParameter(parameters);
  const ids = readIds(parameters, name, faults);
  refuseUnknown(parameters, new Set(['tenant', name]), faults);
  faults.throwIfAny();
  return { tenant, interactionIds: [...new Set(ids)], owner: null };
}

/** The parameter that names the ids: repeated in a query string, an array in a body. */
export function idsParameter({ from }: Parameters): 'interactionId' | 'interactionIds' {
  return from === 'query' ? 'interactionId' : 'interactionIds';
}

/** What the vendor said about each of the ids, in their order. An id that it passed over is unavailable. */
export function summaryResults(
  ids: readonly string[],
  answer: VendorSummaries,
): readonly SummaryResult[] {
  const summaries = new Map(answer.summaries.map((summary) => [summary.interactionId, summary]));
  const reasons = new Map(answer.failures.map((f) => [f.interactionId, f.reason]));
  return ids.map((id) => {
    const summary = summaries.get(id);
    return summary
      ? { id, summary: summaryFrom(summary) }
      : { id, reason: reasonFrom(reasons.get(id)) };
  });
}

/** The answer to a query for summaries. */
export interface Summaries {
  readonly tenant: string;
  readonly summaries: readonly (Summary & { readonly interactionId: string })[];
  readonly failures: readonly { readonly interactionId: string; readonly reason: SummaryReason }[];
}

/** What a caller sees of the results, in their order. */
export function summariesAnswer(
  { tenant }: SummariesQuery,
  results: readonly SummaryResult[],
): Summaries {
  return {
    tenant: tenant.name,
    summaries: results.flatMap((result) =>
      'summary' in result ? [{ interactionId: result.id, ...result.summary }] : [],
    ),
    failures: results.flatMap((result) =>
      'reason' in result ? [{ interactionId: result.id, reason: result.reason }] : [],
    ),
  };
}

/** The results when nothing could be had. */
export function unavailableResults(ids: readonly string[]): readonly SummaryResult[] {
  return ids.map((id) => ({ id, reason: 'unavailable' }));
}

function readIds(parameters: Parameters, name: string, faults: Faults): readonly string[] {
  const texts = readTexts(parameters, name, { code: 'id-invalid', faults });
  if (texts === undefined && parameters.values.has(name)) return [];
  const count = texts?.length ?? 0;
  if (count < 1 || count > MAX_IDS) {
    faults.add(name, 'ids-count', `Give 1 to ${MAX_IDS} interaction ids.`);
  }
  const ids = (texts ?? []).map(normalizeId);
  if (ids.includes(undefined)) {
    faults.add(name, 'id-invalid', 'Each id has 1 to 256 characters.');
  }
  return ids.filter((id) => id !== undefined);
}

function summaryFrom(vendor: VendorSummary): Summary {
  return {
    text: vendor.text,
    status: vendor.status,
    type: vendor.type,
    durationSeconds: vendor.durationSeconds,
    createdAt: vendor.createdAt === null ? null : new Date(vendor.createdAt).toISOString(),
  };
}

function reasonFrom(reason: string | null | undefined): SummaryReason {
  return reason?.toLowerCase().includes('not found') ? 'not-found' : 'unavailable';
}
