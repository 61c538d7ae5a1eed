// The cache layer for summaries: each id is an entry of its own, and only the missing ones are asked for.
import type { CacheKeys } from '../domain/cache-key.ts';
import { type Instants, joinInstants, summaryInstants } from '../domain/freshness.ts';
import { isProblem } from '../domain/problem.ts';
import type { Context, Layer, Provenance, Source } from '../domain/source.ts';
import {
  type SummariesQuery,
  type SummaryResult,
  unavailableResults,
} from '../domain/summaries.ts';
import type { Emit } from '../telemetry/events.ts';
import { createEntry } from './entry.ts';
import { readFresh, type Tiers, writeAll } from './tiered.ts';

/** What is known about the ids of a query, in their order; as fresh as its shortest part. */
export interface HeldSummaries {
  readonly results: readonly SummaryResult[];
  readonly instants: Instants;
  readonly provenance: Provenance;
}

interface SummaryCacheOptions {
  readonly keys: CacheKeys;
  readonly tiers: Tiers;
  readonly now: () => number;
  readonly emit: Emit;
}

interface Part {
  readonly result: SummaryResult;
  readonly instants: Instants;
  readonly tier: 'memory' | 'redis' | 'none';
}

/** Answers each id from the tiers while fresh; if nothing at all can be had, the next source's problem is thrown. */
export function summaryCache(
  options: SummaryCacheOptions,
): Layer<SummariesQuery, readonly SummaryResult[], HeldSummaries> {
  return (next) => async (query, context) => {
    const known = context.refresh ? new Map<string, Part>() : await readParts(query, options);
    const missing = query.interactionIds.filter((id) => !known.has(id));
    emitHits([...known.values()], options.emit);
    if (missing.length > 0) emitMisses(missing.length, context, options.emit);
    const { parts, stored } = await fetchParts({ ...query, interactionIds: missing }, context, {
      ...options,
      next,
      isNeeded: known.size === 0,
    });
    const all = new Map([...known, ...parts.map((part) => [part.result.id, part] as const)]);
    const ordered = query.interactionIds.flatMap((id) => all.get(id) ?? []);
    return {
      results: ordered.map((part) => part.result),
      instants: joinInstants(ordered.map((part) => part.instants)),
      provenance: provenanceOf(ordered, { stored, refresh: context.refresh }),
    };
  };
}

async function readParts(
  query: SummariesQuery,
  { keys, tiers, now }: SummaryCacheOptions,
): Promise<Map<string, Part>> {
  const parts = await Promise.all(
    query.interactionIds.map(async (id) => {
      const found = await readFresh(keys.summary(query, id), tiers, now);
      if (found === undefined) return [];
      const result = JSON.parse(found.entry.body.toString()) as SummaryResult;
      return [[id, { result, instants: found.entry.instants, tier: found.tier }] as const];
    }),
  );
  return new Map(parts.flat());
}

interface FetchOptions extends SummaryCacheOptions {
  readonly next: Source<SummariesQuery, readonly SummaryResult[]>;
  /** Whether there is nothing to answer with if this fails. */
  readonly isNeeded: boolean;
}

async function fetchParts(
  query: SummariesQuery,
  context: Context,
  { next, isNeeded, keys, tiers, now }: FetchOptions,
): Promise<{ parts: readonly Part[]; stored: boolean }> {
  const partsOf = (results: readonly SummaryResult[]) =>
    results.map((result): Part => {
      const instants = summaryInstants(result, query.tenant.freshness, now());
      return { result, instants, tier: 'none' };
    });
  const ids = query.interactionIds;
  if (ids.length === 0) return { parts: [], stored: false };
  const results = await next(query, context).catch((error: unknown) => {
    if (isNeeded || !isProblem(error)) throw error;
    return [];
  });
  const told = partsOf(results);
  const writes = told.map(({ result, instants }) => {
    const entry = createEntry(Buffer.from(JSON.stringify(result)), instants);
    return writeAll(keys.summary(query, result.id), entry, tiers);
  });
  const areKept = (await Promise.all(writes)).every(Boolean);
  // What could not be asked is not kept: only what the vendor said is.
  const untold = ids.filter((id) => !results.some((result) => result.id === id));
  return {
    parts: [...told, ...partsOf(unavailableResults(untold))],
    stored: areKept && untold.length === 0,
  };
}

function provenanceOf(
  parts: readonly Part[],
  { stored, refresh }: { stored: boolean; refresh: boolean },
): Provenance {
  if (refresh) return { outcome: 'refresh', stored };
  if (parts.some((part) => part.tier === 'none')) return { outcome: 'miss', stored };
  const tier = parts.every((part) => part.tier === 'memory') ? 'memory' : 'redis';
  return { outcome: 'hit', tier };
}

function emitHits(parts: readonly Part[], emit: Emit): void {
  for (const tier of ['memory', 'redis'] as const) {
    const count = parts.filter((part) => part.tier === tier).length;
    if (count > 0) emit({ type: 'cache-read', kind: 'summary', outcome: 'hit', tier, count });
  }
}

function emitMisses(count: number, { refresh }: Context, emit: Emit): void {
  const outcome = refresh ? 'refresh' : 'miss';
  emit({ type: 'cache-read', kind: 'summary', outcome, tier: 'none', count });
}
