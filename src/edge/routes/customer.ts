// /v1/customer: one customer, however it is named, as one answer.
import type { FastifyInstance } from 'fastify';
import { type CustomerQuery, readCustomerRequest } from '../../domain/customer-query.ts';
import type { Reply, Source } from '../../domain/source.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { admit, contextOf, READ_METHODS } from '../admission.ts';
import { authoriseScope } from '../authorise.ts';
import { sendAnswer } from '../reply.ts';

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
    method: [...READ_METHODS],
    handler: async (request, reply) => {
      const { caller, parameters, tenant } = admit(request, tenants, 'read');
      const { query, fields } = readCustomerRequest(parameters, { tenant, now: now() });
      request.trail.strategy = query.identity.by;
      if (query.summaries) authoriseScope(caller, 'summaries');
      const summaries = query.summaries && !caller.hide.has('summary');
      const answer = await customers({ ...query, summaries }, contextOf(request, caller, fields));
      return sendAnswer(request, reply, { answer, tenant, now: now() });
    },
  });
}
