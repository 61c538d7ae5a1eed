// What is known about single summaries: kept, fetched, or not to be had.
import type { CacheKey } from '../domain/cache-key.ts';
import { type Instants, instantsFrom, summaryLifetime } from '../domain/freshness.ts';
import { isProblem, Problem } from '../domain/problem.ts';
import type { Provenance } from '../domain/source.ts';
import type { SummaryResult } from '../domain/summaries.ts';
import type { FreshnessPolicy } from '../domain/tenant.ts';
import { createEntry } from './entry.ts';
import { answerFromMemory, answerInstead, answerWith, type Held } from './flight.ts';
import type { Wish } from './plan.ts';
import type { Look, Tiers } from './tiers.ts';

/** What is known about one id. */
export interface Part {
  readonly result: SummaryResult;
  readonly instants: Instants;
  readonly provenance: Provenance;
}

/** An id that has to be asked for, with what is kept of it. */
export interface Missing {
  readonly id: string;
  readonly key: CacheKey;
  readonly look: Look;
}

/** An id of which nothing could be had. */
export interface Failed {
  readonly id: string;
  readonly problem: Problem;
}

/** What parts are read from and written to. */
export interface PartOptions {
  readonly tiers: Tiers;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** Looks an id up in the tiers. What is stale is missing: nothing is fetched behind a caller's back. */
export async function lookUp(
  { id, key }: Pick<Missing, 'id' | 'key'>,
  { refresh }: Wish,
  { tiers, now }: PartOptions,
): Promise<Part | Missing> {
  const wish = { refresh, isBackground: true };
  const held = await tiers.recall(key);
  const recalled = answerFromMemory(held, { key, wish }, { tiers, now });
  if (recalled) return partFrom(recalled);
  const look = await tiers.look(key);
  const found = answerWith(look, wish, now());
  return found ? partFrom(found) : { id, key, look };
}

/** Keeps what was told about an id. @throws {Problem} `upstream-unavailable` if nothing was */
export async function keepPart(
  { key, look }: Missing,
  { result, policy }: { readonly result: SummaryResult | undefined; policy: FreshnessPolicy },
  options: PartOptions,
): Promise<Part> {
  if (result === undefined) throw new Problem('upstream-unavailable');
  const part = newPart(result, policy, options);
  const entry = createEntry(Buffer.from(JSON.stringify(result)), part.instants);
  const stored = await options.tiers.write(key, entry, look);
  return { ...part, provenance: { outcome: 'miss', stored, collapsed: false } };
}

/** What may be used of an id that could not be fetched. An error that is no problem is thrown on. */
export async function partWithout(
  { id, key, look }: Missing,
  { error, wish }: { readonly error: unknown; readonly wish: Wish },
  options: PartOptions,
): Promise<Part | Failed> {
  if (!isProblem(error)) throw error;
  const instead = await answerInstead(error, { key, look, wish }, options);
  return instead ? partFrom(instead) : { id, problem: error };
}

/** What is known now, and not kept, about an id. */
export function newPart(
  result: SummaryResult,
  policy: FreshnessPolicy,
  { now, random }: PartOptions,
): Part {
  const instants = instantsFrom(now(), summaryLifetime(result, policy), random());
  return { result, instants, provenance: { outcome: 'miss', stored: false, collapsed: false } };
}

function partFrom({ entry, provenance }: Held): Part {
  const result = JSON.parse(entry.body.toString()) as SummaryResult;
  return { result, instants: entry.instants, provenance };
}
