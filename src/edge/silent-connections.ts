// The end of connections on which nothing was ever asked: Node does not count them among the idle ones.
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Cuts them when the server closes, or browsers and balancers that connect ahead of need would hold up its end. What
 * has arrived by then is read before.
 */
export function cutSilentOnClose(server: FastifyInstance): void {
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const cut = () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  server.addHook('preClose', (done) => {
    // Between two of these everything is read that has arrived, also on a connection of this very turn.
    setImmediate(() => setImmediate(cut));
    done();
  });
}
