// The Fastify instances: limits, request ids, bodies, and every error as a problem.
import caching, { type AbstractCacheCompliantObject } from '@fastify/caching';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Emit } from '../telemetry/events.ts';
import { acceptJsonBodies } from './body.ts';
import { type ConnectionLimit, limitConnections } from './connection-limit.ts';
import { endAfterLastReplies } from './last-replies.ts';
import { type LingerTimes, lingerOnClose } from './lingering-close.ts';
import { createParserErrors } from './parser-errors.ts';
import { answerFrameworkError, handleErrors, VARY } from './problems.ts';
import { observeRequests } from './request-events.ts';
import { requestIdFor } from './request-id.ts';

/** What both ports have in common. */
export interface ServerOptions {
  readonly emit: Emit;
  /** Milliseconds that only grow, for durations. */
  readonly ticks: () => number;
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly lifecycle: Lifecycle;
  readonly connections: ConnectionLimit;
  /** Where they are not the usual ones. */
  readonly timeouts?: Partial<CallerTimeouts>;
}

/** How long callers may take, in milliseconds. */
export interface CallerTimeouts extends LingerTimes {
  /** Until the head of a request is there. */
  readonly headMs: number;
  /** Until all of it is there. */
  readonly requestMs: number;
  /** Between two times that something is read of a reply. Longer than `headMs`, which is told with a reply. */
  readonly readMs: number;
  /** How often the first two are looked at. */
  readonly checkMs: number;
}

/** Where the process is in its life. */
export interface Lifecycle {
  /** True from SIGTERM on: balancers are to look elsewhere, connections end after their reply. */
  isDraining(): boolean;
  /** True once no new work is taken. */
  isClosing(): boolean;
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const TIMEOUTS: CallerTimeouts = {
  headMs: 10_000,
  requestMs: 15_000,
  readMs: 20_000,
  checkMs: 1_000,
  quietMs: 2_000,
  // As long as a request: who sends slowly may be sending the body of one that was refused.
  lingerMs: 15_000,
};

/** No route has a schema, so that what compiles them, ajv above all, need not be loaded. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } };

/** Creates a server without routes. It logs nothing itself: events do. */
export async function createServer({
  emit,
  ticks,
  trustedProxies,
  lifecycle,
  connections,
  timeouts,
}: ServerOptions): Promise<FastifyInstance> {
  const callerTimeouts = { ...TIMEOUTS, ...timeouts };
  const { headMs, requestMs, readMs, checkMs } = callerTimeouts;
  const parserErrors = createParserErrors(emit);
  const server: FastifyInstance = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: requestMs,
    // For a connection on which nothing moves; `request-events.ts` says when it is to end.
    connectionTimeout: readMs,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headMs,
      connectionsCheckingInterval: checkMs,
      // A missing Host is refused as a problem, which Node's own refusal is not.
      requireHostHeader: false,
    },
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    genReqId: (request) => requestIdFor(request.headers['x-request-id']),
    requestIdHeader: false,
    return503OnClosing: false,
    schemaController: NO_SCHEMAS,
    routerOptions: {
      // Read strictly, with all faults, by the domain.
      querystringParser: (text: string) => ({ text }),
    },
    frameworkErrors: (error, request, reply) => {
      parserErrors.note(request, reply);
      answerFrameworkError(error, { request, reply, emit, ticks });
    },
    clientErrorHandler: parserErrors.answer,
  });
  observeRequests(server, { emit, ticks });
  parserErrors.watch(server);
  limitConnections(server.server, connections);
  lingerOnClose(server.server, callerTimeouts);
  endAfterLastReplies(server, lifecycle.isDraining);
  acceptJsonBodies(server);
  handleErrors(server, emit);
  await setHeaders(server);
  return server;
}

/** The plugin would answer 304 by tag alone, before authentication: it is given no memory of tags. */
const NO_TAGS: AbstractCacheCompliantObject = {
  get: ((_key: unknown, done: (error: null, value: null) => void) =>
    done(null, null)) as AbstractCacheCompliantObject['get'],
  set: (_key, _value, _ttl, done) => done?.(null, null),
};

/** What every reply varies by, and `no-store` on those that do not say otherwise. */
async function setHeaders(server: FastifyInstance): Promise<void> {
  await server.register(caching, {
    privacy: 'no-store',
    cache: NO_TAGS,
  });
  server.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('vary', VARY);
    done();
  });
}

function refuse(): never {
  throw new Error('Routes have no schemas here.');
}
