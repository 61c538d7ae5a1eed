// The connections of a server: what was read on each last, and how many replies it still waits for.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A connection that is open. */
export interface OpenConnection {
  readonly socket: Socket;
  /** Replies that have not left yet, nor been given up. */
  repliesDue: number;
  /** What had been read when the latest reply left. */
  bytesAnswered: number;
  /** The request that was read last. */
  latest: IncomingMessage | undefined;
}

/** Those of one server. */
export interface OpenConnections {
  all(): Iterable<OpenConnection>;
  /** Whether no request has been read after this one on its connection, so far as is known. */
  isLatest(request: IncomingMessage): boolean;
}

/** Whether its caller has asked for nothing, or has all replies and has sent nothing since. One that lingers is not. */
export function isQuiet({ socket, repliesDue, bytesAnswered }: OpenConnection): boolean {
  return repliesDue === 0 && socket.writable && socket.bytesRead === bytesAnswered;
}

/** Watches the connections of a server. */
export function watchConnections({ server }: FastifyInstance): OpenConnections {
  const open = new Map<Socket, OpenConnection>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, { socket, repliesDue: 0, bytesAnswered: 0, latest: undefined });
    socket.once('close', () => open.delete(socket));
  });
  // Before Fastify hears of it, which may answer at once.
  server.prependListener('request', (request, response) => {
    const connection = open.get(request.socket);
    if (connection === undefined) return;
    connection.latest = request;
    connection.repliesDue += 1;
    response.once('close', () => {
      connection.repliesDue -= 1;
      connection.bytesAnswered = connection.socket.bytesRead;
    });
  });
  return {
    all: () => open.values(),
    isLatest(request) {
      const connection = open.get(request.socket);
      return connection === undefined || connection.latest === request;
    },
  };
}
