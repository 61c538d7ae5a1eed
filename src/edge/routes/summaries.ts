// /v1/summaries: the transcript summaries of some interactions.
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../domain/problem.ts';
import type { Reply, Source } from '../../domain/source.ts';
import {
  idsParameter,
  readSummariesRequest,
  SUMMARIES_PER_CALL,
  type SummariesQuery,
} from '../../domain/summaries.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { admit, contextOf, READ_METHODS } from '../admission.ts';
import { parametersOf } from '../parameters.ts';
import type { Quota } from '../quota.ts';
import { sendAnswer } from '../reply.ts';

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
    method: [...READ_METHODS],
    handler: async (request, reply) => {
      const parameters = parametersOf(request);
      const { caller, tenant } = admit(request, parameters, { tenants, scope: 'summaries' });
      if (caller.hide.has('summary')) throw new Problem('forbidden');
      const query = readSummariesRequest(parameters, tenant);
      const cost = Math.ceil(query.interactionIds.length / SUMMARIES_PER_CALL);
      await quota.takeMore(request, reply, { cost, parameter: idsParameter(parameters) });
      const answer = await summaries(query, contextOf(request, caller, null));
      return sendAnswer(request, reply, { answer, tenant, now: now() });
    },
  });
}
