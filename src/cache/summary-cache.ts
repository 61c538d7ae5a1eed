// The cache layer for summaries: each id is an entry of its own, and only the missing ones are asked for.
import type { CacheKeys } from '../domain/cache-key.ts';
import { type Instants, joinInstants } from '../domain/freshness.ts';
import type { Context, Layer, Provenance } from '../domain/source.ts';
import type { SummariesQuery, SummaryResult } from '../domain/summaries.ts';
import type { Emit } from '../telemetry/events.ts';
import { createFlights } from './flights.ts';
import { placeName } from './place.ts';
import { asSeenBy, joinProvenances, readEvents } from './provenance.ts';
import {
  type Failed,
  keepPart,
  lookUp,
  type Missing,
  newPart,
  type Part,
  type PartOptions,
  partWithout,
} from './summary-parts.ts';

/** What is known about the ids of a query, in their order; as fresh as its shortest part. */
export interface HeldSummaries {
  readonly results: readonly SummaryResult[];
  readonly instants: Instants;
  readonly provenance: Provenance;
}

interface SummaryCacheOptions extends PartOptions {
  readonly keys: CacheKeys;
  readonly emit: Emit;
}

/** Answers each id from the tiers while it may; if nothing at all can be had, the next source's problem is thrown. */
export function summaryCache(
  options: SummaryCacheOptions,
): Layer<SummariesQuery, readonly SummaryResult[], HeldSummaries> {
  const { keys, now, emit } = options;
  return (next) => {
    const flights = createFlights<Part | Failed>();

    /** Asks, at once, for all ids that nobody is asking for yet. Each id is a flight of its own. */
    const fetchParts = (missing: readonly Missing[], query: SummariesQuery, context: Context) => {
      const policy = query.tenant.freshness;
      const interactionIds = missing
        .filter(({ key }) => !flights.has(placeName(key)))
        .map(({ id }) => id);
      const asking =
        interactionIds.length > 0 ? next({ ...query, interactionIds }, context) : undefined;
      const told = asking?.then((results) => new Map(results.map((each) => [each.id, each])));
      return missing.map(async (each): Promise<Part | Failed> => {
        const keep = async () => {
          try {
            const result = (await told)?.get(each.id);
            return await keepPart(each, { result, policy }, options);
          } catch (error) {
            return partWithout(each, { error, wish: context }, options);
          }
        };
        const { result, collapsed } = flights.join(placeName(each.key), keep);
        const part = await result;
        if ('problem' in part) return part;
        return { ...part, provenance: asSeenBy(part.provenance, context, collapsed) };
      });
    };

    return async (query, context) => {
      const keyed = query.interactionIds.map((id) => ({ id, key: keys.summary(query, id) }));
      const looked = await Promise.all(keyed.map((each) => lookUp(each, context, options)));
      const missing = looked.filter((each) => 'look' in each);
      const fetched = await Promise.all(fetchParts(missing, query, context));
      const held = looked.filter((each) => 'result' in each);
      const failed = fetched.filter((each) => 'problem' in each);
      const lost = failed.map(({ id }) =>
        newPart({ id, reason: 'unavailable' }, query.tenant.freshness, options),
      );
      const parts = [...held, ...fetched.filter((each) => 'result' in each), ...lost];
      for (const event of readEvents('summary', parts, now())) emit(event);
      const [first] = failed;
      if (first && failed.length === looked.length) throw first.problem;
      return inOrder(query, parts);
    };
  };
}

function inOrder({ interactionIds }: SummariesQuery, parts: readonly Part[]): HeldSummaries {
  const byId = new Map(parts.map((part) => [part.result.id, part]));
  const ordered = interactionIds.flatMap((id) => byId.get(id) ?? []);
  return {
    results: ordered.map(({ result }) => result),
    instants: joinInstants(ordered.map(({ instants }) => instants)),
    provenance: joinProvenances(ordered.map(({ provenance }) => provenance)),
  };
}
