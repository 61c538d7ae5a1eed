// /v1/timeline: several identities of one person, merged.
import type { FastifyInstance } from 'fastify';
import type { CustomerQuery } from '../../domain/customer-query.ts';
import type { Paging } from '../../domain/history-request.ts';
import type { Reply, Source } from '../../domain/source.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { readTimelineRequest, type TimelineQuery } from '../../domain/timeline.ts';
import { admit, contextOf } from '../admission.ts';
import { parametersOf } from '../parameters.ts';
import type { Quota } from '../quota.ts';
import { sendAnswer } from '../reply.ts';

interface TimelineRouteOptions {
  readonly timelines: Source<TimelineQuery, Reply>;
  readonly timelinePaging: Paging<readonly CustomerQuery[]>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly quota: Quota;
  readonly now: () => number;
}

/** Costs one request of the quota for each identity. */
export function registerTimeline(server: FastifyInstance, options: TimelineRouteOptions): void {
  const { timelines, timelinePaging, tenants, quota, now } = options;
  server.route({
    url: '/timeline',
    method: 'POST',
    handler: async (request, reply) => {
      const parameters = parametersOf(request);
      const { caller, tenant } = admit(request, parameters, { tenants, scope: 'read' });
      const query = readTimelineRequest(parameters, { tenant, now: now(), paging: timelinePaging });
      const cost = query.queries.length;
      await quota.takeMore(request, reply, { cost, parameter: 'identities' });
      const answer = await timelines(query, contextOf(request, caller, null));
      return sendAnswer(request, reply, { answer, tenant, now: now() });
    },
  });
}
