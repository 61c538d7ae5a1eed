// The canonical query: everything a caller may ask about a customer, read strictly from raw parameters.
import { IDENTITY_PARAMETERS, type Identity, readIdentity } from './identity.ts';
import { INTERACTION_FIELDS, type InteractionField } from './interaction.ts';
import { Faults, type Parameters, readList, refuseUnknown } from './parameters.ts';
import { Problem } from './problem.ts';
import type { Tenant } from './tenant.ts';
import { readTimeRange, TIME_PARAMETERS, type TimeRange } from './time-range.ts';

/** One search in canonical form: every spelling of the same question is an equal query. */
export interface CustomerQuery {
  readonly tenant: Tenant;
  readonly identity: Identity;
  readonly timeRange: TimeRange;
  /** Whether transcript summaries are joined. */
  readonly summaries: boolean;
}

/** A query together with what of its answer the caller wants to see. */
export interface CustomerRequest {
  readonly query: CustomerQuery;
  /** The interaction fields to keep; null for all. `id` is always kept. */
  readonly fields: ReadonlySet<InteractionField> | null;
}

const KNOWN = new Set<string>([
  'tenant',
  ...IDENTITY_PARAMETERS,
  'crmId',
  ...TIME_PARAMETERS,
  'include',
  'fields',
]);
const INCLUDABLE = 'summaries';
const FIELDS = new Set<string>(INTERACTION_FIELDS);

/**
 * Normalizes a request for a customer.
 * @param now the present in Unix milliseconds
 * @throws {Problem} `invalid-request` with every fault of the request
 */
export function readCustomerRequest(
  parameters: Parameters,
  { tenant, now }: { tenant: Tenant; now: number },
): CustomerRequest {
  const faults = new Faults();
  const identity = readIdentity(parameters, tenant, faults);
  const timeRange = readTimeRange(parameters, { now, gridMs: tenant.timeGridMs }, faults);
  const summaries = readInclude(parameters, faults);
  const fields = readFields(parameters, { summaries, faults });
  refuseUnknown(parameters, KNOWN, faults);
  faults.throwIfAny();
  if (identity === undefined || timeRange === undefined) throw new Problem('internal-error');
  return { query: { tenant, identity, timeRange, summaries }, fields };
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
