// What Node's HTTP server would answer itself: refused here, as problems, with one event each.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, type ProblemSlug } from '../domain/problem.ts';
import type { Emit } from '../telemetry/events.ts';
import { STATUS_CODES } from './node-http.ts';
import { messageOf } from './problems.ts';
import { requestIdFor } from './request-id.ts';

const PARSER_PROBLEMS: Readonly<Record<string, ProblemSlug>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Answers the errors of a server's parser, which concern a connection and maybe a request on it. */
export interface ParserErrors {
  /** For the option `clientErrorHandler`. */
  answer(error: NodeJS.ErrnoException, socket: Socket): void;
  /** Remembers the latest request of a connection. To be told of those that no hook sees. */
  note(request: FastifyRequest, reply: FastifyReply): void;
  /** Adds the hooks and listeners. To be called before other hooks refuse anything. */
  watch(server: FastifyInstance): void;
}

/** Creates the answers of one server. */
export function createParserErrors(emit: Emit): ParserErrors {
  const latest = new WeakMap<Duplex, Exchange>();
  /** Of what is broken each further piece is an error too, while the replies before it are waited for. */
  const refused = new WeakSet<Duplex>();
  const note: ParserErrors['note'] = (request, reply) => {
    latest.set(request.raw.socket, { request, reply });
  };
  return {
    note,
    answer(error, socket) {
      if (error.code === 'ECONNRESET') return void socket.destroy();
      // It lingers, or is gone.
      if (!socket.writable || refused.has(socket)) return;
      refused.add(socket);
      const problem = new Problem(PARSER_PROBLEMS[error.code ?? ''] ?? 'malformed-request');
      const exchange = latest.get(socket);
      if (exchange && !exchange.request.raw.complete) answerExchange(problem, exchange);
      else afterReply(exchange, () => answerSocket(problem, socket, emit));
    },
    watch(server) {
      server.addHook('onRequest', (request, reply, done) => {
        note(request, reply);
        done(hasOneHost(request) ? undefined : new Problem('malformed-request'));
      });
      // RFC 9110 §10.1.1: an expectation that is not known may be ignored.
      server.server.on('checkExpectation', (request, response) => {
        server.server.emit('request', request, response);
      });
      server.server.on('checkContinue', (request, response) => {
        tellToGoOn(response);
        server.server.emit('request', request, response);
      });
      server.server.on('connect', (_request, socket: Socket) => {
        socket.on('error', () => socket.destroy());
        const problem = new Problem('malformed-request');
        afterReply(latest.get(socket), () => answerSocket(problem, socket, emit));
      });
    },
  };
}

/** Node itself would write it into a reply that waits for those before it: after its head, before its body. */
function tellToGoOn(response: ServerResponse): void {
  const tell = () => {
    if (!response.headersSent) response.writeContinue();
  };
  if (response.socket) tell();
  else response.once('socket', tell);
}

/** The body of a request is broken: its own reply says so, unless it has been answered already. */
function answerExchange(problem: Problem, exchange: Exchange): void {
  const { request, reply } = exchange;
  if (reply.raw.headersSent) {
    afterReply(exchange, () => request.raw.socket.destroySoon());
    return;
  }
  reply.hijack();
  request.trail.outcome = problem.slug;
  const { headers, body } = messageOf(problem, request.id);
  const connection = { 'x-request-id': request.id, connection: 'close' };
  reply.raw.writeHead(problem.status, { ...headers, ...connection }).end(body);
}

/** What came after a good request must not be answered in its place. */
function afterReply(exchange: Exchange | undefined, answer: () => void): void {
  if (exchange === undefined || exchange.reply.raw.writableFinished) answer();
  else exchange.reply.raw.once('finish', answer);
}

/** There is no request, only a socket. */
function answerSocket(problem: Problem, socket: Socket, emit: Emit): void {
  // The reply before this one was the last.
  if (!socket.writable) return;
  const requestId = requestIdFor(undefined);
  const { headers, body } = messageOf(problem, requestId);
  const lines = Object.entries({ ...headers, 'x-request-id': requestId, connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head}\r\n`);
  socket.write(body);
  socket.destroySoon();
  emit({
    type: 'request',
    requestId,
    method: 'unknown',
    route: null,
    status: problem.status,
    durationMs: 0,
    outcome: problem.slug,
    reason: null,
    app: null,
    tenant: null,
    strategy: null,
  });
}

/** RFC 9112 §3.2: one in HTTP/1.1, at most one before. */
function hasOneHost({ raw }: FastifyRequest): boolean {
  const { rawHeaders } = raw;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && raw.httpVersion === '1.0');
}
