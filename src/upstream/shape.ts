// The layer that turns the vendor's answer into ours, as the bytes that are kept.
import { customerFrom } from '../domain/customer.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { instantsFrom, rangeLifetime } from '../domain/freshness.ts';
import type { Fetched, Layer } from '../domain/source.ts';
import type { VendorCustomer } from '../domain/vendor-answer.ts';

interface ShapeOptions {
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** Serializes once; from here on only bytes are moved. */
export function shape({
  now,
  random,
}: ShapeOptions): Layer<CustomerQuery, VendorCustomer, Fetched> {
  return (next) => async (query, context) => {
    const answer = await next(query, context);
    const fetchedAt = now();
    const lifetime = rangeLifetime(query.timeRange, query.tenant.freshness, fetchedAt);
    const body = Buffer.from(JSON.stringify(customerFrom(query, answer)));
    return { body, instants: instantsFrom(fetchedAt, lifetime, random()) };
  };
}
