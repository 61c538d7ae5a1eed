// /v1/customer: one customer, however it is named, as one answer.
import type { FastifyInstance } from 'fastify';
import type { CustomerQuery } from '../../domain/customer-query.ts';
import type { HistoryQuery } from '../../domain/history.ts';
import type { Paging } from '../../domain/history-request.ts';
import type { Reply, Source } from '../../domain/source.ts';
import { SUMMARIES_PER_CALL } from '../../domain/summaries.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { admit, contextOf, READ_METHODS } from '../admission.ts';
import { authoriseQuery } from '../authorise.ts';
import { parametersOf } from '../parameters.ts';
import type { Quota } from '../quota.ts';
import { createRememberedQueries } from '../remembered-queries.ts';
import { sendAnswer } from '../reply.ts';

interface CustomerRouteOptions {
  readonly customers: Source<CustomerQuery, Reply>;
  readonly histories: Source<HistoryQuery, Reply>;
  readonly paging: Paging;
  readonly quota: Quota;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly now: () => number;
}

const REMEMBERED_QUERIES_BYTES = 16 * 1024 * 1024;

/** GET, HEAD, POST and QUERY are one operation. */
export function registerCustomer(server: FastifyInstance, options: CustomerRouteOptions): void {
  const { customers, histories, paging, quota, tenants, now } = options;
  const queries = createRememberedQueries(REMEMBERED_QUERIES_BYTES);
  server.route({
    url: '/customer',
    method: [...READ_METHODS],
    handler: async (request, reply) => {
      const parameters = parametersOf(request, queries.parametersOf);
      const { caller, tenant } = admit(request, parameters, { tenants, scope: 'read' });
      const { query, fields, page } = queries.read(parameters, { tenant, now: now(), paging });
      request.trail.strategy = query.identity.by;
      const asked = authoriseQuery(caller, query);
      const context = contextOf(request, caller, fields);
      if (page === null) {
        const answer = await customers(asked, context);
        return sendAnswer(request, reply, { answer, tenant, now: now() });
      }
      const cost = asked.summaries ? Math.ceil(page.limit / SUMMARIES_PER_CALL) : 1;
      await quota.takeMore(request, reply, { cost, parameter: 'limit' });
      const answer = await histories({ ...asked, page }, context);
      return sendAnswer(request, reply, { answer, tenant, now: now() });
    },
  });
}
