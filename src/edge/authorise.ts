// What a caller may ask: the tenant it names or implies, and the scopes it has.
import type { Caller, Scope } from '../domain/caller.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import { Faults, type Parameters, readText } from '../domain/parameters.ts';
import { invalidRequest, Problem } from '../domain/problem.ts';
import type { Tenant } from '../domain/tenant.ts';

/**
 * The tenant of a request. A tenant that does not exist and one that is not granted look the same.
 * @throws {Problem} `invalid-request` (the tenant's fault alone) or `forbidden`
 */
export function authoriseTenant(
  caller: Caller,
  parameters: Parameters,
  tenants: ReadonlyMap<string, Tenant>,
): Tenant {
  const name = parameters.values.has('tenant')
    ? namedTenant(parameters)
    : impliedTenant(caller.tenants);
  const tenant = caller.tenants.has(name) ? tenants.get(name) : undefined;
  if (tenant === undefined) throw new Problem('forbidden');
  return tenant;
}

/** @throws {Problem} `forbidden` */
export function authoriseScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.has(scope)) throw new Problem('forbidden');
}

/**
 * What a caller is answered of what it asks for: summaries need their scope, and are left out where they are hidden.
 * @throws {Problem} `forbidden`
 */
export function authoriseQuery(caller: Caller, query: CustomerQuery): CustomerQuery {
  if (query.summaries) authoriseScope(caller, 'summaries');
  return caller.hide.has('summary') ? { ...query, summaries: false } : query;
}

function namedTenant(parameters: Parameters): string {
  const faults = new Faults();
  const name = readText(parameters, 'tenant', { code: 'tenant-required', faults });
  faults.throwIfAny();
  return name?.text.trim() ?? '';
}

function impliedTenant(granted: ReadonlySet<string>): string {
  const [only, ...others] = granted;
  if (only !== undefined && others.length === 0) return only;
  throw invalidRequest({
    parameter: 'tenant',
    code: 'tenant-required',
    detail: 'Name the tenant: this app may use several.',
  });
}
