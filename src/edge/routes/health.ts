// /livez and /readyz: for those who start, balance and watch the process.
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../domain/problem.ts';
import type { Lifecycle } from '../server.ts';

interface HealthOptions {
  readonly lifecycle: Lifecycle;
  /** The dependencies that are out of reach; the service serves without them. */
  readonly degraded: () => readonly string[];
}

/** `/livez`: the process works. `/readyz`: it should get traffic. */
export function registerHealth(
  server: FastifyInstance,
  { lifecycle, degraded }: HealthOptions,
): void {
  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async () => {
    if (lifecycle.isDraining()) throw new Problem('overloaded', { retryAfterSeconds: 1 });
    return { status: 'ok', degraded: degraded() };
  });
}
