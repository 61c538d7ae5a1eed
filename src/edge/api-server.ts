// The port for callers: `/v1`, the documentation and health.
import type { FastifyInstance } from 'fastify';
import type { App } from '../domain/caller.ts';
import type { CustomerQuery } from '../domain/customer-query.ts';
import type { ExportPart, HistoryQuery } from '../domain/history.ts';
import type { Paging } from '../domain/history-request.ts';
import { Problem } from '../domain/problem.ts';
import type { QuotaCounter } from '../domain/quota.ts';
import type { Reply, Source } from '../domain/source.ts';
import type { SummariesQuery } from '../domain/summaries.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { TimelineQuery } from '../domain/timeline.ts';
import { createAuthenticate } from './authenticate.ts';
import { allowOrigins } from './cors.ts';
import { trackMethods } from './methods.ts';
import { createQuota } from './quota.ts';
import { registerCustomer } from './routes/customer.ts';
import { registerCustomers } from './routes/customers.ts';
import { registerDocs } from './routes/docs.ts';
import { registerExport } from './routes/export.ts';
import { registerHealth } from './routes/health.ts';
import { registerProblemPages } from './routes/problem-pages.ts';
import { registerSummaries } from './routes/summaries.ts';
import { registerTimeline } from './routes/timeline.ts';
import { createServer, type ServerOptions } from './server.ts';
import { createEndOfTurn } from './turn.ts';

interface ApiOptions extends ServerOptions {
  readonly apps: readonly App[];
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly customers: Source<CustomerQuery, Reply>;
  readonly histories: Source<HistoryQuery, Reply>;
  readonly exports: Source<CustomerQuery, AsyncIterable<ExportPart>>;
  readonly summaries: Source<SummariesQuery, Reply>;
  readonly timelines: Source<TimelineQuery, Reply>;
  readonly paging: Paging;
  readonly timelinePaging: Paging<readonly CustomerQuery[]>;
  readonly quotaCounter: QuotaCounter;
  /** Counts failed credentials by address, in this process. */
  readonly addressCounter: QuotaCounter;
  readonly degraded: () => readonly string[];
  /** The present, in Unix milliseconds. */
  readonly now: () => number;
}

/** Creates the server of the callers' port. Under `/v1` each request is authenticated, then counted. */
export async function createApiServer(options: ApiOptions): Promise<FastifyInstance> {
  const { apps } = options;
  const server = await createServer(options);
  server.addHook('onRequest', (_request, _reply, done) => {
    const isClosing = options.lifecycle.isClosing();
    done(isClosing ? new Problem('overloaded', { retryAfterSeconds: 1 }) : undefined);
  });
  const methods = trackMethods(server);
  const authenticate = createAuthenticate(apps);
  const quota = await createQuota(server, options);
  allowOrigins(
    server,
    apps.map(({ caller }) => caller),
  );
  registerHealth(server, options);
  registerProblemPages(server);
  await registerDocs(server);
  await server.register(
    async (v1) => {
      v1.addHook('onRequest', createEndOfTurn());
      v1.addHook('onRequest', (request, reply, done) => {
        const caller = authenticate(request.raw.rawHeaders);
        if (typeof caller !== 'string') {
          request.caller = caller;
          return done();
        }
        quota.refuse(request, reply, caller).catch(done);
      });
      v1.addHook('onRequest', quota.take);
      registerCustomer(v1, { ...options, quota });
      registerCustomers(v1, { ...options, quota });
      registerExport(v1, options);
      registerSummaries(v1, { ...options, quota });
      registerTimeline(v1, { ...options, quota });
    },
    { prefix: '/v1' },
  );
  methods.finish();
  return server;
}
