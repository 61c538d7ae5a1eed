// A server of ours with some routes alone, on a real socket, for one test.
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { createServer } from '../../src/edge/server.ts';

/** Asks the server for a path. */
export type Get = (path: string, init?: RequestInit) => Promise<Response>;

/** Serves what `register` adds until the test ends. */
export async function serveRoutes(
  t: TestContext,
  register: (server: FastifyInstance) => void | Promise<void>,
): Promise<Get> {
  const server = await createServer({
    emit: () => undefined,
    ticks: () => 0,
    trustedProxies: [],
    connections: { most: 100, onRefusal: () => undefined },
    lifecycle: { isDraining: () => false, isClosing: () => false },
  });
  t.after(() => server.close());
  await register(server);
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  return (path, init) => fetch(new URL(path, `http://127.0.0.1:${port}`), init);
}
