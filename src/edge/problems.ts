// The one exit for errors: every error, the framework's and the parser's included, leaves as a problem (RFC 9457).
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isProblem, PROBLEMS, Problem, type ProblemSlug } from '../domain/problem.ts';
import { type Emit, internalError } from '../telemetry/events.ts';
import { observeRequest } from './request-events.ts';
import { requestIdFor } from './request-id.ts';

/** What every reply varies by. */
export const VARY = 'Authorization, X-App-Key, Accept-Encoding, Origin';

interface ProblemMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sets the error and not-found handlers of a server. */
export function handleErrors(server: FastifyInstance, emit: Emit): void {
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error);
    if (problem.slug === 'internal-error') emit(internalError(error, request.id));
    return sendProblem(problem, request, reply);
  });
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

/** Answers what the HTTP parser refuses: there is no request yet, only a socket. */
export function answerSocketError(error: NodeJS.ErrnoException, socket: Socket, emit: Emit): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const requestId = requestIdFor(undefined);
  const problem = new Problem(PARSER_PROBLEMS[error.code ?? ''] ?? 'malformed-request');
  const { headers, body } = messageOf(problem, requestId);
  const lines = Object.entries({ ...headers, 'x-request-id': requestId, connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head}\r\n`);
  socket.end(body);
  emit({
    type: 'request',
    requestId,
    method: 'unknown',
    route: null,
    status: problem.status,
    durationMs: 0,
    outcome: problem.slug,
    app: null,
    tenant: null,
    strategy: null,
  });
}

const PARSER_PROBLEMS: Readonly<Record<string, ProblemSlug>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

const FRAMEWORK_PROBLEMS: Readonly<Record<string, ProblemSlug>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'unsupported-media-type',
};

function problemOf(error: FastifyError): Problem {
  if (isProblem(error)) return error;
  const slug = FRAMEWORK_PROBLEMS[error.code];
  if (slug) return new Problem(slug, { cause: error });
  const isCallers = (error.statusCode ?? 500) < 500;
  return new Problem(isCallers ? 'malformed-request' : 'internal-error', { cause: error });
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  request.trail.outcome = problem.slug;
  const { headers, body } = messageOf(problem, request.id);
  return reply.code(problem.status).headers(headers).send(body);
}

function messageOf(problem: Problem, requestId: string): ProblemMessage {
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
