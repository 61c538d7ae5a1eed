// What every route of `/v1` does first: tenant and scope; and what goes along with its query.
import type { FastifyRequest } from 'fastify';
import type { Caller, Scope } from '../domain/caller.ts';
import type { InteractionField } from '../domain/interaction.ts';
import type { Parameters } from '../domain/parameters.ts';
import type { Context } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';
import { authoriseScope, authoriseTenant } from './authorise.ts';
import { chooseCoding } from './content-coding.ts';
import { callerOf } from './request-events.ts';

/** One operation. HEAD is named, since what Fastify makes of GET sends `Content-Length: 0` with a 304. */
export const READ_METHODS = ['GET', 'HEAD', 'POST', 'QUERY'] as const;

/** A caller who may ask this of this tenant. */
export interface Admission {
  readonly caller: Caller;
  readonly tenant: Tenant;
}

/** @throws {Problem} `invalid-request` (body or tenant alone) or `forbidden` */
export function admit(
  request: FastifyRequest,
  parameters: Parameters,
  { tenants, scope }: { tenants: ReadonlyMap<string, Tenant>; scope: Scope },
): Admission {
  const caller = callerOf(request);
  const tenant = authoriseTenant(caller, parameters, tenants);
  request.trail.tenant = tenant.name;
  authoriseScope(caller, scope);
  return { caller, tenant };
}

/** What the sources are told beside the query: refreshing, and what the caller sees. */
export function contextOf(
  { headers }: FastifyRequest,
  caller: Caller,
  fields: ReadonlySet<InteractionField> | null,
): Context {
  return {
    app: caller.app,
    refresh: caller.scopes.has('refresh') && wantsRefresh(headers['cache-control']),
    view: { fields, hide: caller.hide, coding: chooseCoding(headers['accept-encoding']) },
  };
}

/** True if the caller asks not to be given what is kept (RFC 9111 §5.2.1.4). */
function wantsRefresh(cacheControl = ''): boolean {
  return /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(cacheControl);
}
