// /livez and /readyz: for those who start, balance and watch the process.
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../domain/problem.ts';
import type { Lifecycle } from '../server.ts';

/** What health is judged by. */
export interface HealthOptions {
  readonly lifecycle: Lifecycle;
  /** The dependencies that are out of reach; the service serves without them. */
  readonly degraded: () => readonly string[] | Promise<readonly string[]>;
  /** Whether callers are served at present; without it they always are. */
  readonly isReady?: () => boolean;
}

/** `/livez`: the process works. `/readyz`: it should get traffic. */
export function registerHealth(
  server: FastifyInstance,
  { lifecycle, degraded, isReady = () => true }: HealthOptions,
): void {
  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async () => {
    if (lifecycle.isDraining() || !isReady())
      throw new Problem('overloaded', { retryAfterSeconds: 1 });
    return { status: 'ok', degraded: await degraded() };
  });
}
