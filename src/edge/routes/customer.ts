// /v1/customer: one customer, however it is named, as one answer.
import type { FastifyInstance } from 'fastify';
import { type CustomerQuery, readCustomerRequest } from '../../domain/customer-query.ts';
import type { Reply, Source } from '../../domain/source.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { authoriseScope, authoriseTenant } from '../authorise.ts';
import { chooseCoding } from '../content-coding.ts';
import { parametersOf } from '../parameters.ts';
import { sendAnswer, wantsRefresh } from '../reply.ts';
import { callerOf } from '../request-events.ts';

interface CustomerRouteOptions {
  readonly customers: Source<CustomerQuery, Reply>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly now: () => number;
}

/** GET, HEAD, POST and QUERY are one operation. */
export function registerCustomer(server: FastifyInstance, options: CustomerRouteOptions): void {
  const { customers, tenants, now } = options;
  server.route({
    url: '/customer',
    method: ['GET', 'POST', 'QUERY'],
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const parameters = parametersOf(request);
      const tenant = authoriseTenant(caller, parameters, tenants);
      request.trail.tenant = tenant.name;
      authoriseScope(caller, 'read');
      const { query, fields } = readCustomerRequest(parameters, { tenant, now: now() });
      request.trail.strategy = query.identity.by;
      if (query.summaries) authoriseScope(caller, 'summaries');
      const answer = await customers(
        { ...query, summaries: query.summaries && !caller.hide.has('summary') },
        {
          refresh: caller.scopes.has('refresh') && wantsRefresh(request),
          view: {
            fields,
            hide: caller.hide,
            coding: chooseCoding(request.headers['accept-encoding']),
          },
        },
      );
      return sendAnswer(request, reply, { answer, tenant, now: now() });
    },
  });
}
