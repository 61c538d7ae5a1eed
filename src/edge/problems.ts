// The one exit for errors: every error, the framework's and the parser's included, leaves as a problem (RFC 9457).
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isProblem, PROBLEMS, Problem, type ProblemSlug } from '../domain/problem.ts';
import { type Emit, internalError } from '../telemetry/events.ts';
import { observeRequest } from './request-events.ts';

/** What every reply varies by. */
export const VARY = 'Authorization, X-App-Key, Accept-Encoding, Origin';

/** A problem as it is sent. */
export interface ProblemMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sets the error and not-found handlers of a server. */
export function handleErrors(server: FastifyInstance, emit: Emit): void {
  server.setErrorHandler((error: FastifyError, request, reply) => {
    // A body that ends early because its caller has left: no fault, and nobody to tell it to.
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE' && reply.raw.destroyed) return undefined;
    return sendProblem(problemFor(error, request.id, emit), request, reply);
  });
  // Before a body is read: the route is the first thing that is checked.
  server.addHook('onRequest', (request, _reply, done) => {
    done(request.is404 ? new Problem('not-found') : undefined);
  });
  // For routes that look for something themselves, such as static files.
  server.setNotFoundHandler((request, reply) =>
    sendProblem(new Problem('not-found'), request, reply),
  );
}

/** Answers what fails before routing, such as a path with broken escapes; no hook of ours sees it. */
export function answerFrameworkError(
  error: FastifyError,
  io: { request: FastifyRequest; reply: FastifyReply; emit: Emit; ticks: () => number },
): void {
  const { request, reply } = io;
  observeRequest(request, reply, io);
  const slug = error.code === 'FST_ERR_MAX_PARAM_LENGTH' ? 'not-found' : 'malformed-request';
  const problem = new Problem(slug);
  request.trail.outcome = problem.slug;
  const { headers, body } = messageOf(problem, request.id);
  reply.raw.writeHead(problem.status, { ...headers, 'x-request-id': request.id }).end(body);
}

const FRAMEWORK_PROBLEMS: Readonly<Record<string, ProblemSlug>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'unsupported-media-type',
};

/** The problem that an error is told as. A fault of ours is emitted, too. */
export function problemFor(error: unknown, requestId: string, emit: Emit): Problem {
  const problem = isProblem(error) ? error : frameworkProblem(error);
  if (problem.slug === 'internal-error') emit(internalError(error, requestId));
  return problem;
}

function frameworkProblem(error: unknown): Problem {
  const { code = '', statusCode = 500 } = (error ?? {}) as Partial<FastifyError>;
  const slug = FRAMEWORK_PROBLEMS[code];
  if (slug) return new Problem(slug, { cause: error });
  return new Problem(statusCode < 500 ? 'malformed-request' : 'internal-error', { cause: error });
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  request.trail.outcome = problem.slug;
  request.trail.reason = problem.details.reason ?? null;
  const { headers, body } = messageOf(problem, request.id);
  return reply.code(problem.status).headers(headers).send(body);
}

/** Renders a problem. */
export function messageOf(problem: Problem, requestId: string): ProblemMessage {
  const { detail, errors, violatedPolicies } = problem.details;
  const { title, explanation } = PROBLEMS[problem.slug];
  const document = {
    type: `/problems/${problem.slug}`,
    title,
    status: problem.status,
    detail: detail ?? explanation,
    instance: requestId,
    ...(errors && { errors }),
    ...(violatedPolicies && { 'violated-policies': violatedPolicies }),
  };
  const body = Buffer.from(JSON.stringify(document));
  const { retryAfterSeconds } = problem;
  return {
    body,
    headers: {
      'content-type': 'application/problem+json',
      'content-length': String(body.length),
      'cache-control': 'no-store',
      vary: VARY,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...(problem.slug === 'unauthenticated' && { 'www-authenticate': 'Bearer' }),
    },
  };
}
