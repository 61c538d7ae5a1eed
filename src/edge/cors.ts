// CORS: preflights and 401s are judged by the union of all apps' origins, everything else by the caller's own.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../domain/caller.ts';

const EXPOSED = 'ETag, Age, Cache-Status, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';
const REQUEST_HEADERS =
  'Authorization, X-App-Key, Content-Type, If-None-Match, Cache-Control, X-Request-Id';
const MAX_AGE_SECONDS = 600;

/** Adds the headers; the status of a reply never depends on the origin. */
export function allowOrigins(server: FastifyInstance, callers: readonly Caller[]): void {
  const union = new Set(callers.flatMap((caller) => [...caller.origins]));
  server.addHook('onSend', (request, reply, _payload, done) => {
    const { origin } = request.headers;
    if (origin !== undefined && isAllowed(origin, { request, reply, union })) {
      reply.header('access-control-allow-origin', origin);
      if (isPreflight(request)) addPreflightHeaders(reply);
      else reply.header('access-control-expose-headers', EXPOSED);
    }
    done();
  });
}

function isAllowed(
  origin: string,
  {
    request,
    reply,
    union,
  }: { request: FastifyRequest; reply: FastifyReply; union: ReadonlySet<string> },
): boolean {
  if (request.caller) return request.caller.origins.has(origin);
  return (isPreflight(request) || reply.statusCode === 401) && union.has(origin);
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function addPreflightHeaders(reply: FastifyReply): void {
  const allow = reply.getHeader('allow');
  reply.headers({
    'access-control-allow-methods': typeof allow === 'string' ? allow : '',
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': String(MAX_AGE_SECONDS),
  });
}
