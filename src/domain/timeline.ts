// The merged histories of several identities of one person: each interaction once, with those that found it.
import { answerHead } from './customer.ts';
import type { CustomerQuery } from './customer-query.ts';
import {
  comparePositions,
  type Gap,
  type History,
  type PageRequest,
  type Position,
  positionOf,
} from './history.ts';
import { type Paging, pageOf, readPage } from './history-request.ts';
import { IDENTITY_PARAMETERS, type Identity, readIdentity } from './identity.ts';
import type { Interaction } from './interaction.ts';
import { isJsonObject } from './json-object.ts';
import { Faults, type Parameters, parametersFromBody, refuseUnknown } from './parameters.ts';
import { Problem } from './problem.ts';
import { derivedFrom, tallyOf } from './tally.ts';
import type { Tenant } from './tenant.ts';
import { readTimeRange, TIME_PARAMETERS } from './time-range.ts';

/** One page of a timeline. */
export interface TimelineQuery {
  readonly tenant: Tenant;
  /** One for each identity, in the order given, all about the same range. */
  readonly queries: readonly CustomerQuery[];
  readonly page: PageRequest;
}

/** An interaction, and the places of the identities that found it, from 0 on, ascending. */
export interface FoundInteraction extends Interaction {
  readonly foundBy: readonly number[];
}

/** One page of a timeline as callers see it. */
export interface Timeline
  extends Pick<
    History,
    'tenant' | 'region' | 'timeRange' | 'complete' | 'gaps' | 'derived' | 'page'
  > {
  readonly identities: readonly Identity[];
  readonly interactions: readonly FoundInteraction[];
}

/** A page before it is sent. */
export interface TimelinePage extends Pick<Timeline, 'gaps' | 'derived' | 'interactions'> {
  /** The last interaction of the page, if others come after it. */
  readonly next: Position | null;
}

/** What one identity has found. */
export interface Found {
  readonly interactions: readonly Interaction[];
  readonly gaps: readonly Gap[];
}

const MIN_IDENTITIES = 2;
const MAX_IDENTITIES = 10;
const KNOWN = new Set<string>(['tenant', 'identities', ...TIME_PARAMETERS, 'limit', 'cursor']);
const KNOWN_OF_IDENTITY = new Set<string>([...IDENTITY_PARAMETERS, 'crmId']);

/**
 * Reads a request for a timeline.
 * @throws {Problem} `invalid-request` with every fault of the request
 */
export function readTimelineRequest(
  parameters: Parameters,
  reading: {
    readonly tenant: Tenant;
    /** The present, in Unix milliseconds. */
    readonly now: number;
    readonly paging: Paging<readonly CustomerQuery[]>;
  },
): TimelineQuery {
  const { tenant, now, paging } = reading;
  const faults = new Faults();
  const identities = readIdentities(parameters, tenant, faults);
  const wanted = readPage(parameters, { paging, now, faults });
  const calendar = { now, gridMs: tenant.timeGridMs, firstAt: wanted.cursor?.firstAt };
  const timeRange = readTimeRange(parameters, calendar, faults);
  refuseUnknown(parameters, KNOWN, faults);
  faults.throwIfAny();
  if (timeRange === undefined) throw new Problem('internal-error');
  const queries = identities.map((identity) => ({ tenant, identity, timeRange, summaries: false }));
  const page = pageOf(queries, wanted, { paging, faults });
  faults.throwIfAny();
  return { tenant, queries, page };
}

/** Merges what the identities found, and cuts out one page. */
export function timelinePage(found: readonly Found[], { limit, after }: PageRequest): TimelinePage {
  const all = mergeFound(found);
  const rest = all.filter((each) => !after || comparePositions(positionOf(each), after) > 0);
  const interactions = rest.slice(0, limit);
  const last = interactions.at(-1);
  return {
    gaps: joinGaps(found.flatMap(({ gaps }) => gaps)),
    derived: derivedFrom(tallyOf(all)),
    interactions,
    next: last && rest.length > limit ? positionOf(last) : null,
  };
}

/** A page as callers see it. */
export function timelineFrom(
  { queries }: TimelineQuery,
  { next: _, gaps, interactions, derived }: TimelinePage,
  nextCursor: string | null,
): Timeline {
  const [first] = queries;
  if (first === undefined) throw new Problem('internal-error');
  const { tenant, region, timeRange } = answerHead(first);
  return {
    tenant,
    region,
    identities: queries.map((query) => answerHead(query).customer),
    timeRange,
    complete: gaps.length === 0,
    gaps,
    interactions,
    derived,
    page: { nextCursor },
  };
}

function readIdentities(
  parameters: Parameters,
  tenant: Tenant,
  faults: Faults,
): readonly Identity[] {
  const [identities = []] = parameters.values.get('identities') ?? [];
  if (!Array.isArray(identities)) {
    faults.add('identities', 'parameter-type', 'This parameter is an array of objects.');
    return [];
  }
  if (identities.length < MIN_IDENTITIES || identities.length > MAX_IDENTITIES) {
    const range = `${MIN_IDENTITIES} to ${MAX_IDENTITIES}`;
    faults.add('identities', 'ids-count', `Give ${range} identities of one person.`);
    return [];
  }
  return identities.flatMap((identity: unknown, index) => {
    const place = `identities[${index}]`;
    if (!isJsonObject(identity)) {
      faults.add(place, 'parameter-type', 'An identity is an object such as {"email": "…"}.');
      return [];
    }
    const within = new Faults();
    const given = parametersFromBody(identity);
    const read = readIdentity(given, tenant, within);
    refuseUnknown(given, KNOWN_OF_IDENTITY, within);
    faults.addWithin(place, within);
    return read ?? [];
  });
}

/** Each interaction once, in the order of a history. */
function mergeFound(found: readonly Found[]): readonly FoundInteraction[] {
  const merged = new Map<string, FoundInteraction>();
  for (const [index, { interactions }] of found.entries()) {
    for (const interaction of interactions) {
      const before = merged.get(interaction.id);
      const foundBy = [...(before?.foundBy ?? []), index];
      merged.set(interaction.id, { ...(before ?? interaction), foundBy });
    }
  }
  const placed = [...merged.values()].map((each) => ({ each, position: positionOf(each) }));
  placed.sort((a, b) => comparePositions(a.position, b.position));
  return placed.map(({ each }) => each);
}

/** Oldest first; those that touch are one. */
function joinGaps(gaps: readonly Gap[]): readonly Gap[] {
  const joined: Gap[] = [];
  // ISO instants of one form are in order as texts.
  for (const gap of gaps.toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1))) {
    const last = joined.at(-1);
    if (last === undefined || gap.startTime > last.endTime) joined.push(gap);
    else if (gap.endTime > last.endTime) {
      joined[joined.length - 1] = { startTime: last.startTime, endTime: gap.endTime };
    }
  }
  return joined;
}
