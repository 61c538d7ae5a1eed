// The ops port: metrics and health, for those who run the service.
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../telemetry/metrics.ts';
import { trackMethods } from './methods.ts';
import { registerHealth } from './routes/health.ts';
import { createServer, type ServerOptions } from './server.ts';

interface OpsOptions extends ServerOptions {
  readonly metrics: Metrics;
  readonly degraded: () => readonly string[];
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
