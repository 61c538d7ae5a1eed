// The layer that joins transcript summaries to a customer. A failure of theirs never fails the customer.
import { type Customer, withSummaries } from '../domain/customer.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { instantsFrom, joinInstants, summaryLifetime } from '../domain/freshness.ts';
import type { HistoryQuery } from '../domain/history.ts';
import { isProblem } from '../domain/problem.ts';
import type { Context, Fetched, Layer, Provenance, Source } from '../domain/source.ts';
import { type SummariesQuery, unavailableResults } from '../domain/summaries.ts';
import type { HeldPage } from './complete-history.ts';
import type { Held } from './flight.ts';
import { joinProvenances } from './provenance.ts';
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
export function joinSummaries(options: JoinOptions): Layer<CustomerQuery, Held, Fetched> {
  return (next) => async (query, context) => {
    const { entry, provenance } = await next(query, context);
    const customer = JSON.parse(entry.body.toString()) as Customer;
    const joined = await summariesOf(customer, { query, context }, options);
    return {
      body: toBytes(withSummaries(customer, joined?.results ?? [])),
      instants: joinInstants([entry.instants, ...(joined ? [joined.instants] : [])]),
      ...(staleOf(joined?.provenance) ?? staleOf(provenance)),
    };
  };
}

/** The same for a page of a history, where its query includes them. */
export function joinPageSummaries(options: JoinOptions): Layer<HistoryQuery, HeldPage> {
  return (next) => async (query, context) => {
    const held = await next(query, context);
    if (!query.summaries) return held;
    const joined = await summariesOf(held.page, { query, context }, options);
    const page = withSummaries(held.page, joined?.results ?? []);
    if (joined === undefined) return { ...held, page };
    const provenances = [held.provenance, ...(joined.provenance ? [joined.provenance] : [])];
    return {
      page,
      instants: joinInstants([held.instants, joined.instants]),
      provenance: joinProvenances(provenances),
    };
  };
}

/** What is known about the summaries of some interactions; undefined where there are none. */
async function summariesOf(
  { interactions }: Pick<Customer, 'interactions'>,
  { query, context }: { readonly query: CustomerQuery; readonly context: Context },
  { summaries, now, random }: JoinOptions,
): Promise<Joined | undefined> {
  if (interactions.length === 0) return undefined;
  const { tenant, identity: owner } = query;
  const interactionIds = interactions.map(({ id }) => id);
  try {
    return await summaries({ tenant, interactionIds, owner }, context);
  } catch (error) {
    if (!isProblem(error)) throw error;
    const results = unavailableResults(interactionIds);
    const parts = results.map((result) =>
      instantsFrom(now(), summaryLifetime(result, tenant.freshness), random()),
    );
    return { results, instants: joinInstants(parts) };
  }
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
