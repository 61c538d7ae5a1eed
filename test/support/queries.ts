// Short ways to a tenant and to normalized requests, for tests of the domain.
import { type CustomerRequest, readCustomerRequest } from '../../src/domain/customer-request.ts';
import {
  type Parameters,
  parametersFromBody,
  parametersFromQuery,
} from '../../src/domain/parameters.ts';
import { type Fault, isProblem } from '../../src/domain/problem.ts';
import type { Tenant } from '../../src/domain/tenant.ts';

/** 2026-06-15T12:34:56.789Z. */
export const NOW = Date.UTC(2026, 5, 15, 12, 34, 56, 789);

/** A tenant with the defaults of a configuration. */
export function tenantWith(settings: Partial<Tenant> = {}): Tenant {
  return {
    name: 'acme',
    tenantId: 'acvcc1652172111112801',
    region: 'us',
    defaultCountry: 'US',
    emailCaseSensitive: false,
    timeGridMs: 60_000,
    freshness: {
      openMs: 60_000,
      closedMs: 86_400_000,
      settleMs: 172_800_000,
      staleWhileRevalidateMs: 600_000,
      staleIfErrorMs: 86_400_000,
    },
    ...settings,
  };
}

/** A tenant without a default country. */
export function tenantAbroad(): Tenant {
  const { defaultCountry: _, ...tenant } = tenantWith();
  return tenant;
}

interface ReadOptions {
  readonly tenant?: Tenant;
  readonly now?: number;
}

/** Normalizes a query string. */
export function readQuery(queryString: string, options: ReadOptions = {}): CustomerRequest {
  return read(parametersFromQuery(queryString), options);
}

/** Normalizes a body. */
export function readBody(body: object, options: ReadOptions = {}): CustomerRequest {
  return read(parametersFromBody({ ...body }), options);
}

/** `parameter code` of each fault that reading ends with. */
export function faultsOf(reading: () => unknown): readonly string[] {
  return faultListOf(reading).map(({ parameter, code }) => `${parameter} ${code}`);
}

/** The faults that reading ends with; none if it succeeds. Anything but an invalid request is thrown on. */
export function faultListOf(reading: () => unknown): readonly Fault[] {
  try {
    reading();
    return [];
  } catch (error) {
    if (!isProblem(error, 'invalid-request')) throw error;
    return error.details.errors ?? [];
  }
}

/** The parameters that spell a canonical query out. */
export function canonicalBody({ query, fields }: CustomerRequest): Record<string, unknown> {
  const { identity, timeRange } = query;
  const name = { email: 'email', phone: 'phoneNumber', contact: 'contactId', account: 'accountId' };
  return {
    [name[identity.by]]: identity.value,
    ...(identity.crmId && { crmId: identity.crmId }),
    ...('last' in timeRange && { last: timeRange.last }),
    ...('startAt' in timeRange && { startTime: new Date(timeRange.startAt).toISOString() }),
    ...('endAt' in timeRange && { endTime: new Date(timeRange.endAt).toISOString() }),
    ...(query.summaries && { include: ['summaries'] }),
    ...(fields && fields.size > 0 && { fields: [...fields] }),
  };
}

function read(parameters: Parameters, { tenant = tenantWith(), now = NOW }: ReadOptions) {
  return readCustomerRequest(parameters, { tenant, now });
}
