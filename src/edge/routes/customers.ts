// /v1/customers: up to a hundred customers in one reply, each with a status of its own.
import type { FastifyInstance } from 'fastify';
import { readBatch } from '../../domain/batch.ts';
import type { CustomerQuery } from '../../domain/customer-query.ts';
import type { Reply, Source } from '../../domain/source.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Emit } from '../../telemetry/events.ts';
import { admit, contextOf } from '../admission.ts';
import { authoriseQuery } from '../authorise.ts';
import { batchBody } from '../batch.ts';
import { codedStream } from '../coded-stream.ts';
import { parametersOf } from '../parameters.ts';
import { problemFor } from '../problems.ts';
import type { Quota } from '../quota.ts';
import { JSON_TYPE } from '../reply.ts';

interface CustomersRouteOptions {
  readonly customers: Source<CustomerQuery, Reply>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly quota: Quota;
  readonly now: () => number;
  readonly emit: Emit;
}

/** Costs one request of the quota for each customer. */
export function registerCustomers(server: FastifyInstance, options: CustomersRouteOptions): void {
  const { customers, tenants, quota, now, emit } = options;
  server.route({
    url: '/customers',
    method: 'POST',
    handler: async (request, reply) => {
      const parameters = parametersOf(request);
      const { caller, tenant } = admit(request, parameters, { tenants, scope: 'read' });
      const batch = readBatch(parameters);
      await quota.takeMore(request, reply, { cost: batch.length, parameter: 'customers' });
      const context = contextOf(request, caller, null);
      // The coding is that of the whole.
      const { coding, hide } = context.view;
      const body = batchBody(batch, {
        tenant,
        requestId: request.id,
        now,
        ask: async ({ query, fields }) =>
          customers(authoriseQuery(caller, query), {
            ...context,
            view: { fields, hide, coding: null },
          }),
        problemFor(error) {
          const problem = problemFor(error, request.id, emit);
          request.trail.outcome = 'incomplete';
          request.trail.reason ??= problem.slug;
          return problem;
        },
      });
      if (coding) reply.header('content-encoding', coding);
      return reply.header('content-type', JSON_TYPE).send(codedStream(body, coding));
    },
  });
}
