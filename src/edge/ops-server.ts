// The ops port: metrics and health, for those who run the service.
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../telemetry/metrics.ts';
import { trackMethods } from './methods.ts';
import { type HealthOptions, registerHealth } from './routes/health.ts';
import { createServer, type ServerOptions } from './server.ts';

interface OpsOptions extends ServerOptions, HealthOptions {
  readonly metrics: Pick<Metrics, 'contentType' | 'render'>;
}

/** Creates the server of the ops port. */
export async function createOpsServer(options: OpsOptions): Promise<FastifyInstance> {
  const { metrics } = options;
  const server = await createServer(options);
  const methods = trackMethods(server);
  registerHealth(server, options);
  server.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );
  methods.finish();
  return server;
}
