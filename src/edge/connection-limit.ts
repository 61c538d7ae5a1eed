// The most connections that a server has at once: each costs memory and a file, whoever opened it.
import type { Server } from 'node:http';

/** So many, and who is told of each that is refused. */
export interface ConnectionLimit {
  readonly most: number;
  readonly onRefusal: () => void;
}

/** Closes those that come beyond, unread. */
export function limitConnections(server: Server, { most, onRefusal }: ConnectionLimit): void {
  server.maxConnections = most;
  // A worker would hand them on to the next one, which hands them on, for as long as all are full.
  Object.assign(server, { dropMaxConnection: true });
  server.on('drop', onRefusal);
}
