// Several customers at once, each of whom is a request of its own, read by the rules for one alone.
import {
  CUSTOMER_PARAMETERS,
  type CustomerRequest,
  readCustomerRequest,
} from './customer-request.ts';
import { isJsonObject } from './json-object.ts';
import { Faults, type Parameters, parametersFromBody, refuseUnknown } from './parameters.ts';
import { invalidRequest } from './problem.ts';
import type { Tenant } from './tenant.ts';

const MAX_CUSTOMERS = 100;

const KNOWN_OF_ALL = new Set(['tenant', 'customers']);
const KNOWN_OF_EACH = new Set<string>(CUSTOMER_PARAMETERS);

/**
 * Reads a batch from the parameters of a body, without looking at what its customers are.
 * @throws {Problem} `invalid-request` with every fault of the whole
 */
export function readBatch(parameters: Parameters): readonly unknown[] {
  const faults = new Faults();
  const customers = readCustomers(parameters, faults);
  refuseUnknown(parameters, KNOWN_OF_ALL, faults);
  faults.throwIfAny();
  return customers;
}

/**
 * Reads one customer of a batch.
 * @throws {Problem} `invalid-request` with every fault of this customer
 */
export function readBatchCustomer(
  customer: unknown,
  { tenant, now }: { tenant: Tenant; now: number },
): CustomerRequest {
  if (!isJsonObject(customer)) {
    const detail = 'Each customer is an object with the parameters of a request for one.';
    throw invalidRequest({ parameter: 'customers', code: 'parameter-type', detail });
  }
  return readCustomerRequest(parametersFromBody(customer), { tenant, now, known: KNOWN_OF_EACH });
}

/** A name of what is asked and shown: what has the same name within a batch has the same answer. */
export function batchCustomerName({ query, fields }: CustomerRequest): string {
  const { identity, timeRange, summaries } = query;
  return JSON.stringify([identity, timeRange, summaries, fields && [...fields].sort()]);
}

function readCustomers(parameters: Parameters, faults: Faults): readonly unknown[] {
  const [customers = []] = parameters.values.get('customers') ?? [];
  if (!Array.isArray(customers)) {
    faults.add('customers', 'parameter-type', 'This parameter is an array of objects.');
    return [];
  }
  if (customers.length < 1 || customers.length > MAX_CUSTOMERS) {
    faults.add('customers', 'ids-count', `Give 1 to ${MAX_CUSTOMERS} customers.`);
  }
  return customers;
}
