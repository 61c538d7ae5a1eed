// /v1/summaries: the transcript summaries of some interactions.
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../domain/problem.ts';
import type { Reply, Source } from '../../domain/source.ts';
import {
  readSummariesRequest,
  SUMMARIES_PER_CALL,
  type SummariesQuery,
} from '../../domain/summaries.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { authoriseScope, authoriseTenant } from '../authorise.ts';
import { chooseCoding } from '../content-coding.ts';
import { parametersOf } from '../parameters.ts';
import type { Quota } from '../quota.ts';
import { sendAnswer, wantsRefresh } from '../reply.ts';
import { callerOf } from '../request-events.ts';

interface SummariesRouteOptions {
  readonly summaries: Source<SummariesQuery, Reply>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly quota: Quota;
  readonly now: () => number;
}

/** Costs one request of the quota for each call that the vendor's limit may make necessary. */
export function registerSummaries(server: FastifyInstance, options: SummariesRouteOptions): void {
  const { summaries, tenants, quota, now } = options;
  server.route({
    url: '/summaries',
    method: ['GET', 'POST', 'QUERY'],
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const parameters = parametersOf(request);
      const tenant = authoriseTenant(caller, parameters, tenants);
      request.trail.tenant = tenant.name;
      authoriseScope(caller, 'summaries');
      if (caller.hide.has('summary')) throw new Problem('forbidden');
      const query = readSummariesRequest(parameters, tenant);
      const cost = Math.ceil(query.interactionIds.length / SUMMARIES_PER_CALL);
      await quota.takeMore(request, reply, cost);
      const answer = await summaries(query, {
        refresh: caller.scopes.has('refresh') && wantsRefresh(request),
        view: {
          fields: null,
          hide: caller.hide,
          coding: chooseCoding(request.headers['accept-encoding']),
        },
      });
      return sendAnswer(request, reply, { answer, tenant, now: now() });
    },
  });
}
