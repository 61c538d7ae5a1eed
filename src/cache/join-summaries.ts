// The layer that joins transcript summaries to a customer. A failure of theirs never fails the customer.
import { type Customer, withSummaries } from '../domain/customer.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { instantsFrom, joinInstants, summaryLifetime } from '../domain/freshness.ts';
import { isProblem } from '../domain/problem.ts';
import type { Context, Fetched, Layer, Provenance, Source } from '../domain/source.ts';
import { type SummariesQuery, unavailableResults } from '../domain/summaries.ts';
import type { Held } from './flight.ts';
import type { HeldSummaries } from './summary-cache.ts';

type Joined = Pick<HeldSummaries, 'results' | 'instants'> & Partial<HeldSummaries>;

interface JoinOptions {
  readonly summaries: Source<SummariesQuery, HeldSummaries>;
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** Joins what `summaries` says; the answer is fresh for the shortest of its parts. */
export function joinSummaries({
  summaries,
  now,
  random,
}: JoinOptions): Layer<CustomerQuery, Held, Fetched> {
  const readSummaries = async (query: SummariesQuery, context: Context): Promise<Joined> => {
    try {
      return await summaries(query, context);
    } catch (error) {
      if (!isProblem(error)) throw error;
      const results = unavailableResults(query.interactionIds);
      const parts = results.map((result) =>
        instantsFrom(now(), summaryLifetime(result, query.tenant.freshness), random()),
      );
      return { results, instants: joinInstants(parts) };
    }
  };
  return (next) => async (query, context) => {
    const { entry, provenance } = await next(query, context);
    const customer = JSON.parse(entry.body.toString()) as Customer;
    const interactionIds = customer.interactions.map(({ id }) => id);
    if (interactionIds.length === 0) {
      return {
        body: toBytes(withSummaries(customer, [])),
        instants: entry.instants,
        ...staleOf(provenance),
      };
    }
    const { tenant, identity: owner } = query;
    const joined = await readSummaries({ tenant, interactionIds, owner }, context);
    return {
      body: toBytes(withSummaries(customer, joined.results)),
      instants: joinInstants([entry.instants, joined.instants]),
      ...(staleOf(joined.provenance) ?? staleOf(provenance)),
    };
  };
}

/** Applies a layer to the queries that include summaries, and passes the others by. */
export function whenIncluded<Answer>(
  layer: Layer<CustomerQuery, Answer>,
): Layer<CustomerQuery, Answer> {
  return (next) => {
    const wrapped = layer(next);
    return (query, context) => (query.summaries ? wrapped : next)(query, context);
  };
}

/** What is past its time for want of something better is passed on as that. */
function staleOf(provenance: Provenance | undefined): Pick<Fetched, 'staleIfError'> | undefined {
  return provenance?.outcome === 'stale' ? { staleIfError: provenance } : undefined;
}

function toBytes(customer: Customer): Buffer {
  return Buffer.from(JSON.stringify(customer));
}
