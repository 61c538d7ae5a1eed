// Methods that a path does not have: 405 with `Allow`; and OPTIONS for those that it has.
import { METHODS } from 'node:http';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { Problem } from '../domain/problem.ts';

/** The order in which `Allow` lists them. */
const ORDER = ['GET', 'HEAD', 'POST', 'QUERY', 'DELETE', 'OPTIONS'];

/** To be called before any route is registered; `finish` after the last one. */
export function trackMethods(server: FastifyInstance): { readonly finish: () => void } {
  const urls = new Set<string>();
  for (const method of METHODS) {
    if (!server.supportedMethods.includes(method)) server.addHttpMethod(method, { hasBody: true });
  }
  server.addHook('onRoute', ({ url }: RouteOptions) => {
    urls.add(url);
  });
  return {
    finish: () => {
      for (const url of [...urls]) {
        const held = server.supportedMethods.filter((method) => server.hasRoute({ url, method }));
        addRefusals(server, url, new Set([...held, 'OPTIONS']));
      }
    },
  };
}

function addRefusals(server: FastifyInstance, url: string, methods: ReadonlySet<string>): void {
  const allow = ORDER.filter((method) => methods.has(method)).join(', ');
  server.route({
    url,
    method: 'OPTIONS',
    handler: async (_request, reply) => reply.code(204).header('allow', allow).send(),
  });
  server.route({
    url,
    method: server.supportedMethods.filter((method) => !methods.has(method)),
    // Before a body is read: the route is the first thing that is checked.
    onRequest: async (_request, reply) => {
      reply.header('allow', allow);
      throw new Problem('method-not-allowed');
    },
    handler: async () => undefined,
  });
}
