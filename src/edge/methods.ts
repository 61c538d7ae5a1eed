// Methods that a path does not have: 405 with `Allow`; and OPTIONS for those that it has.
import type { FastifyInstance, RouteOptions } from 'fastify';
import { Problem } from '../domain/problem.ts';
import { METHODS } from './node-http.ts';

/** The order in which `Allow` lists them. */
const ORDER = ['GET', 'HEAD', 'POST', 'QUERY', 'DELETE', 'OPTIONS'];

/** To be called before any route is registered; `finish` after the last one. */
export function trackMethods(server: FastifyInstance): { readonly finish: () => void } {
  const methodsOf = new Map<string, Set<string>>();
  for (const method of METHODS) {
    if (!server.supportedMethods.includes(method)) server.addHttpMethod(method, { hasBody: true });
  }
  server.addHook('onRoute', ({ url, method }: RouteOptions) => {
    const methods = methodsOf.get(url) ?? new Set();
    methodsOf.set(url, methods);
    for (const each of [method].flat()) methods.add(each);
  });
  return {
    finish: () => {
      for (const [url, methods] of [...methodsOf]) refuseOthers(server, url, [...methods]);
    },
  };
}

/** One route for them all, since each costs a start time. */
function refuseOthers(server: FastifyInstance, url: string, held: readonly string[]): void {
  const has = new Set([...held, 'OPTIONS']);
  const allow = ORDER.filter((method) => has.has(method)).join(', ');
  server.route({
    url,
    method: server.supportedMethods.filter((method) => !held.includes(method)),
    // Before a body is read: the route is the first thing that is checked.
    onRequest: (request, reply, done) => {
      reply.header('allow', allow);
      done(request.method === 'OPTIONS' ? undefined : new Problem('method-not-allowed'));
    },
    handler: async (_request, reply) => reply.code(204).send(),
  });
}
