// Everything a caller may ask about a customer, read strictly from raw parameters.
import type { CustomerQuery } from './customer-query.ts';
import type { PageRequest } from './history.ts';
import { HISTORY_PARAMETERS, type Paging, pageOf, readHistoryPage } from './history-request.ts';
import { IDENTITY_PARAMETERS, readIdentity } from './identity.ts';
import { INTERACTION_FIELDS, type InteractionField } from './interaction.ts';
import { Faults, type Parameters, readList, refuseUnknown } from './parameters.ts';
import { Problem } from './problem.ts';
import type { Tenant } from './tenant.ts';
import { readTimeRange, TIME_PARAMETERS } from './time-range.ts';

/** A query together with what of its answer the caller wants to see. */
export interface CustomerRequest {
  readonly query: CustomerQuery;
  /** The interaction fields to keep; null for all. `id` is always kept. */
  readonly fields: ReadonlySet<InteractionField> | null;
  /** The page of the complete history that is wanted; null for what one call of the vendor holds. */
  readonly page: PageRequest | null;
}

/** What a request is read by. */
export interface Reading {
  readonly tenant: Tenant;
  /** The present, in Unix milliseconds. */
  readonly now: number;
  /** Absent: no cursor is known. */
  readonly paging?: Paging;
  /** The parameters that may stand there; absent: all of them. */
  readonly known?: ReadonlySet<string>;
}

/** The parameters that say who is asked for, when, and what is to be shown. */
export const CUSTOMER_PARAMETERS = [
  ...IDENTITY_PARAMETERS,
  'crmId',
  ...TIME_PARAMETERS,
  'include',
  'fields',
] as const;

/** The parameters of an export. */
export const EXPORT_PARAMETERS = [
  'tenant',
  ...CUSTOMER_PARAMETERS.filter((name) => name !== 'include'),
] as const;

const KNOWN = new Set<string>(['tenant', ...CUSTOMER_PARAMETERS, ...HISTORY_PARAMETERS]);
const INCLUDABLE = 'summaries';
const FIELDS = new Set<string>(INTERACTION_FIELDS);

/**
 * Normalizes a request for a customer.
 * @throws {Problem} `invalid-request` with every fault of the request
 */
export function readCustomerRequest(
  parameters: Parameters,
  { tenant, now, paging, known = KNOWN }: Reading,
): CustomerRequest {
  const faults = new Faults();
  const identity = readIdentity(parameters, tenant, faults);
  const wanted = known.has('history') ? readHistoryPage(parameters, { paging, now, faults }) : null;
  const calendar = { now, gridMs: tenant.timeGridMs, firstAt: wanted?.cursor?.firstAt };
  const timeRange = readTimeRange(parameters, calendar, faults);
  const summaries = readInclude(parameters, faults);
  const fields = readFields(parameters, { summaries, faults });
  refuseUnknown(parameters, known, faults);
  faults.throwIfAny();
  if (identity === undefined || timeRange === undefined) throw new Problem('internal-error');
  const query = { tenant, identity, timeRange, summaries };
  const page = wanted && pageOf(query, wanted, { paging, faults });
  faults.throwIfAny();
  return { query, fields, page };
}

function readInclude(parameters: Parameters, faults: Faults): boolean {
  const names = readList(parameters, 'include', { code: 'include-unknown', faults });
  if (names?.some((name) => name.trim() !== INCLUDABLE)) {
    faults.add('include', 'include-unknown', `What can be included: ${INCLUDABLE}.`);
  }
  return names !== undefined;
}

function readFields(
  parameters: Parameters,
  { summaries, faults }: { summaries: boolean; faults: Faults },
): ReadonlySet<InteractionField> | null {
  const names = readList(parameters, 'fields', { code: 'field-unknown', faults });
  if (names === undefined) return null;
  const trimmed = names.map((name) => name.trim());
  // With summaries included `summary` is always kept; naming it then is no fault.
  const isKnown = (name: string) => FIELDS.has(name) || (summaries && name === 'summary');
  if (!trimmed.every(isKnown)) {
    faults.add('fields', 'field-unknown', `The fields are: ${INTERACTION_FIELDS.join(', ')}.`);
  }
  return new Set(trimmed.filter((name): name is InteractionField => FIELDS.has(name)));
}
