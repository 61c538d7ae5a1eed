// The end of a process: first told to balancers, then to connections, then done.
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Lifecycle } from './edge/server.ts';

/** The waits of a drain, in milliseconds. */
export interface DrainWaits {
  /** How long the service goes on as usual, not ready and closing connections, for balancers to notice. */
  readonly delayMs: number;
  /** How long the work under way may then take before its connections are cut. */
  readonly graceMs: number;
}

/** Ends the service. Resolves when nothing is left. */
export type Drain = (waits: DrainWaits) => Promise<void>;

/** Creates the lifecycle that servers look at, and the drain that drives it. */
export function createDrain(closeDependencies: () => Promise<void>): {
  readonly lifecycle: Lifecycle;
  readonly drain: (servers: readonly FastifyInstance[], waits: DrainWaits) => Promise<void>;
} {
  let stage: 'serving' | 'draining' | 'closing' = 'serving';
  return {
    lifecycle: {
      isDraining: () => stage !== 'serving',
      isClosing: () => stage === 'closing',
    },
    async drain(servers, { delayMs, graceMs }) {
      stage = 'draining';
      await delay(delayMs);
      stage = 'closing';
      await closeServers(servers, graceMs);
      await closeDependencies();
    },
  };
}

/** Closes servers; what they still have in hand after `graceMs` is cut. */
export async function closeServers(
  servers: readonly FastifyInstance[],
  graceMs: number,
): Promise<void> {
  const cut = setTimeout(() => {
    for (const { server } of servers) server.closeAllConnections();
  }, graceMs);
  // One after the other: the ops port tells about the callers' port until that is closed.
  for (const server of servers) await server.close();
  clearTimeout(cut);
}
