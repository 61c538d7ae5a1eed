// What raw query strings meant when they were read last, so that asking again costs no reading.
import { LRUCache } from 'lru-cache';
import { type CustomerRequest, readCustomerRequest } from '../domain/customer-request.ts';
import { type Parameters, parametersFromQuery } from '../domain/parameters.ts';
import type { Tenant } from '../domain/tenant.ts';

/** Reads requests for customers, and remembers those whose meaning does not depend on the present. */
export interface RememberedQueries {
  /** The parameters of a raw query string, without `?`. */
  parametersOf(queryString: string): Parameters;
  /** @throws {Problem} `invalid-request` with every fault of the request */
  read: typeof readCustomerRequest;
  /** Forgets everything: what is remembered holds personal data. */
  forget(): void;
}

/** Which tenant is meant may depend on the caller, so that each has its own reading. */
interface Remembered {
  readonly parameters: Parameters;
  readonly requests: Map<Tenant, CustomerRequest>;
}

/** What an entry costs beside its texts, measured roughly. */
const OVERHEAD_BYTES = 2048;
/** The text itself, and the values cut out of it in two readings. */
const BYTES_PER_CHARACTER = 6;

/** Creates a memory for one configuration, bounded in bytes; the least recently used goes first. */
export function createRememberedQueries(maxBytes: number): RememberedQueries {
  const held = new LRUCache<string, Remembered>({
    maxSize: maxBytes,
    sizeCalculation: ({ requests }, queryString) =>
      OVERHEAD_BYTES * requests.size + BYTES_PER_CHARACTER * queryString.length,
  });
  return {
    parametersOf: (queryString) =>
      held.get(queryString)?.parameters ?? parametersFromQuery(queryString),
    read(parameters, reading) {
      const { tenant } = reading;
      const { queryString } = parameters;
      if (queryString === undefined) return readCustomerRequest(parameters, reading);
      const known = held.peek(queryString)?.requests;
      const remembered = known?.get(tenant);
      if (remembered) return remembered;
      const request = readCustomerRequest(parameters, reading);
      if (isTimeless(request)) {
        held.set(queryString, { parameters, requests: new Map(known).set(tenant, request) });
      }
      return request;
    },
    forget: () => held.clear(),
  };
}

/** Instants are judged and rounded by the present, cursors end; durations stay what they are. */
function isTimeless({ query: { timeRange }, page }: CustomerRequest): boolean {
  if (page?.after) return false;
  return timeRange.form === 'default' || timeRange.form === 'rolling';
}
