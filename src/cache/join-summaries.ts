// The layer that joins transcript summaries to a customer. A failure of theirs never fails the customer.
import { type Customer, withSummaries } from '../domain/customer.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { joinInstants, summaryInstants } from '../domain/freshness.ts';
import { isProblem } from '../domain/problem.ts';
import type { Context, Fetched, Layer, Source } from '../domain/source.ts';
import { type SummariesQuery, unavailableResults } from '../domain/summaries.ts';
import type { HeldSummaries } from './summary-cache.ts';
import type { Held } from './tiered.ts';

type Joined = Pick<HeldSummaries, 'results' | 'instants'>;

/** Joins what `summaries` says; the answer is fresh for the shortest of its parts. */
export function joinSummaries(
  summaries: Source<SummariesQuery, HeldSummaries>,
  now: () => number,
): Layer<CustomerQuery, Held, Fetched> {
  const readSummaries = async (query: SummariesQuery, context: Context): Promise<Joined> => {
    try {
      return await summaries(query, context);
    } catch (error) {
      if (!isProblem(error)) throw error;
      const results = unavailableResults(query.interactionIds);
      const parts = results.map((result) => summaryInstants(result, query.tenant.freshness, now()));
      return { results, instants: joinInstants(parts) };
    }
  };
  return (next) => async (query, context) => {
    const { entry } = await next(query, context);
    const customer = JSON.parse(entry.body.toString()) as Customer;
    const interactionIds = customer.interactions.map(({ id }) => id);
    if (interactionIds.length === 0) {
      return { body: toBytes(withSummaries(customer, [])), instants: entry.instants };
    }
    const { tenant, identity: owner } = query;
    const joined = await readSummaries({ tenant, interactionIds, owner }, context);
    return {
      body: toBytes(withSummaries(customer, joined.results)),
      instants: joinInstants([entry.instants, joined.instants]),
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

function toBytes(customer: Customer): Buffer {
  return Buffer.from(JSON.stringify(customer));
}
