// The end of connections when the process ends: each after the reply to the last request that was read on it.
import type { FastifyInstance } from 'fastify';
import { isQuiet, watchConnections } from './open-connections.ts';

/** For so long the rest of a head is waited for when the server closes; so often what has become quiet is looked for. */
const HEAD_MS = 1_000;

/**
 * Says `Connection: close` in the last reply of each connection while the process drains, and ends connections when
 * the server closes: quiet ones at once, others after their last reply, and those on which no more than a part of a
 * head comes after a second. Node's own way cuts off a reply of which the end is not yet sent, waits for good for who
 * has never asked, and looks at no timeout of callers any more.
 */
export function endAfterLastReplies(server: FastifyInstance, isDraining: () => boolean): void {
  let isClosing = false;
  const connections = watchConnections(server);
  const endQuiet = () => {
    for (const connection of connections.all()) {
      if (isQuiet(connection)) connection.socket.destroy();
    }
  };
  const refuseBegun = () => {
    for (const { socket, repliesDue } of connections.all()) {
      if (repliesDue === 0) server.server.emit('clientError', new LateHead(), socket);
    }
  };

  server.server.closeIdleConnections = () => undefined;
  server.addHook('preClose', (done) => {
    isClosing = true;
    // Between two of these everything is read that has arrived, also on a connection of this very turn.
    setImmediate(() => setImmediate(endQuiet));
    const looks = setInterval(() => {
      endQuiet();
      refuseBegun();
    }, HEAD_MS).unref();
    server.server.once('close', () => clearInterval(looks));
    done();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    if (!isDraining() && !isClosing) return done();
    // What has arrived with it is read first: a reply that closes is the last one.
    setImmediate(() => {
      if (connections.isLatest(request.raw)) reply.header('connection', 'close');
      // Fastify says it in each reply.
      else reply.raw.removeHeader('connection');
      done();
    });
  });
}

/** As Node has it while the server listens. */
class LateHead extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}
