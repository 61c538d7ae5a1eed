// One event for each request, with what is known about it when it ends.
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../domain/caller.ts';
import type { Strategy } from '../domain/identity.ts';
import { Problem } from '../domain/problem.ts';
import type { Emit } from '../telemetry/events.ts';

/** What the log line of a request says beside its route and status; filled in as it becomes known. */
export interface Trail {
  tenant: string | null;
  strategy: Strategy | null;
  outcome: string | null;
  reason: string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The authenticated app; null before authentication and where there is none. */
    caller: Caller | null;
    trail: Trail;
  }
}

/** The caller of an authenticated request. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === null) throw new Problem('unauthenticated');
  return caller;
}

interface Observer {
  readonly emit: Emit;
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
}

/** Emits a `request` event when a reply has been sent, or its caller has left. */
export function observeRequests(server: FastifyInstance, observer: Observer): void {
  server.decorateRequest('caller', null);
  server.decorateRequest('trail');
  server.addHook('onRequest', (request, reply, done) => {
    observeRequest(request, reply, observer);
    done();
  });
}

/** For requests that no hook sees, and by the hook for all others. */
export function observeRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { emit, ticks }: Observer,
): void {
  const startedAt = ticks();
  request.trail = { tenant: null, strategy: null, outcome: null, reason: null };
  reply.header('x-request-id', request.id);
  // Nothing moves on the connection: 8x8 may be slow, or else the caller does not read.
  reply.raw.on('timeout', ({ writableLength }: Socket) => {
    if (writableLength === 0) return;
    request.trail.reason = 'not-read';
    request.raw.socket.destroy();
  });
  reply.raw.on('close', () => {
    const isComplete = reply.raw.writableFinished;
    emit({
      type: 'request',
      requestId: request.id,
      method: request.method,
      route: request.routeOptions?.url ?? null,
      status: reply.raw.headersSent ? reply.raw.statusCode : null,
      durationMs: Math.round((ticks() - startedAt) * 100) / 100,
      outcome: isComplete ? (request.trail.outcome ?? 'ok') : 'aborted',
      reason: request.trail.reason,
      app: request.caller?.app ?? null,
      tenant: request.trail.tenant,
      strategy: request.trail.strategy,
    });
  });
}
