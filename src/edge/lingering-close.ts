// How a connection ends: not before what is still being sent on it has been read, or the last reply may be lost.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How long a caller who has the last reply may take to leave, in milliseconds. */
export interface LingerTimes {
  /** While nothing comes. */
  readonly quietMs: number;
  /** In any case. */
  readonly lingerMs: number;
}

/** What is read of the rest: that of a body of the largest size, many times over. */
const LINGER_BYTES = 1024 * 1024;

/**
 * Lets connections linger where Node closes them after a reply. Node closes both directions at once; the system then
 * answers what arrives with a reset, on which a caller who has not read the reply may lose it (RFC 9112 §9.6).
 */
export function lingerOnClose(server: Server, times: LingerTimes): void {
  server.on('connection', (socket: Socket) => {
    socket.destroySoon = () => endAndLinger(socket, times);
  });
}

/** Ends our direction, and drops what still comes until the caller ends the other one, or for a while. */
function endAndLinger(socket: Socket, { quietMs, lingerMs }: LingerTimes): void {
  // The parser is one of them: it would take what follows for requests.
  socket.removeAllListeners('data');
  let bytesLeft = LINGER_BYTES;
  socket.on('data', ({ length }: Buffer) => {
    bytesLeft -= length;
    if (bytesLeft < 0) socket.destroy();
  });
  socket.setTimeout(quietMs, () => socket.destroy());
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(linger));
  socket.end();
  socket.resume();
}
