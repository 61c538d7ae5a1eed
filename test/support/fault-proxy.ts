// A TCP proxy that spoils what passes: late, slowly, not at all, or cut.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Ending } from './ending.ts';

/** What becomes of connections, from the moment it is set. */
export type ProxyMode =
  | { readonly mode: 'pass' }
  /** Replies come later by so much. */
  | { readonly mode: 'latency'; readonly latencyMs: number }
  /** Replies come at this rate, on each connection. */
  | { readonly mode: 'bandwidth'; readonly bytesPerSecond: number }
  /** Connections are accepted and nothing passes; what was sent meanwhile arrives when this is over. */
  | { readonly mode: 'blackHole' }
  /** Connections are reset, those that come too. */
  | { readonly mode: 'reset' }
  /** Those that are there are silent for good; those that come are refused, or wait in silence. */
  | { readonly mode: 'halfOpen'; readonly newcomers: 'refused' | 'silent' }
  /** All are closed, and those that come are refused. */
  | { readonly mode: 'down' };

/** A proxy before a port of this machine. */
export interface FaultProxy {
  readonly port: number;
  /** How many connections it has been asked for since it started. */
  readonly accepted: number;
  set(mode: ProxyMode): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  /** Sends what is held back, if that may pass now. */
  release(): void;
  /** From now on nothing passes, whatever the mode. */
  silence(): void;
}

const MAX_HELD_BYTES = 262_144;

/** Starts a proxy that lets everything pass at first. */
export async function startFaultProxy(t: Ending, targetPort: number): Promise<FaultProxy> {
  let mode: ProxyMode = { mode: 'pass' };
  let accepted = 0;
  const pairs = new Set<Pair>();
  const server = createServer((client) => {
    accepted += 1;
    if (mode.mode === 'reset') {
      client.resetAndDestroy();
      return;
    }
    const pair = joinSockets(client, targetPort, () => mode);
    pairs.add(pair);
    client.once('close', () => pairs.delete(pair));
    if (mode.mode === 'halfOpen') pair.silence();
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    for (const { client } of pairs) client.destroy();
    server.close();
  });
  return {
    port,
    get accepted() {
      return accepted;
    },
    async set(next) {
      mode = next;
      const isRefusing =
        next.mode === 'down' || (next.mode === 'halfOpen' && next.newcomers === 'refused');
      // It stops to listen at once; the callback would wait for all connections to end.
      if (isRefusing && server.listening) server.close();
      for (const pair of pairs) spoil(pair, next);
      if (!isRefusing && !server.listening) await listen(port);
    },
  };
}

function spoil({ client, silence, release }: Pair, { mode }: ProxyMode): void {
  if (mode === 'reset') client.resetAndDestroy();
  else if (mode === 'down') client.destroy();
  else if (mode === 'halfOpen') silence();
  else release();
}

function joinSockets(client: Socket, targetPort: number, modeNow: () => ProxyMode): Pair {
  const target = connect(targetPort, '127.0.0.1');
  const forth = lane(client, target, () => (modeNow().mode === 'blackHole' ? null : 0));
  let freeAt = 0;
  const back = lane(target, client, (bytes) => {
    const now = performance.now();
    const current = modeNow();
    if (current.mode === 'blackHole') return null;
    if (current.mode === 'latency') return now + current.latencyMs;
    if (current.mode !== 'bandwidth') return 0;
    freeAt = Math.max(freeAt, now) + (bytes * 1000) / current.bytesPerSecond;
    return freeAt;
  });
  for (const socket of [client, target]) socket.setNoDelay().on('error', () => undefined);
  client.once('close', () => target.destroy());
  target.once('close', () => back.finish());
  return {
    client,
    release() {
      forth.release();
      back.release();
    },
    silence() {
      forth.silence();
      back.silence();
    },
  };
}

/** One direction. `dueAt` says when so many bytes may go on (ticks; null: not as long as the mode lasts). */
function lane(source: Socket, sink: Socket, dueAt: (bytes: number) => number | null) {
  let held: { readonly chunk: Buffer; readonly at: number | null }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isSilent = false;
  let isOver = false;

  const pass = (): void => {
    clearTimeout(timer);
    const now = performance.now();
    let [next] = held;
    while (next && next.at !== null && next.at <= now) {
      sink.write(next.chunk);
      held.shift();
      [next] = held;
    }
    if (next?.at) timer = setTimeout(pass, Math.max(1, next.at - now));
    if (isOver && held.length === 0 && !isSilent) sink.end();
    const isFull = held.reduce((sum, { chunk }) => sum + chunk.length, 0) > MAX_HELD_BYTES;
    if (isFull || sink.writableNeedDrain) source.pause();
    else source.resume();
  };
  source.on('data', (chunk: Buffer) => {
    if (isSilent) return;
    held.push({ chunk, at: dueAt(chunk.length) });
    pass();
  });
  sink.on('drain', pass);
  sink.once('close', () => {
    clearTimeout(timer);
    held = [];
  });
  return {
    /** Ends the other side when all that is held has gone on. */
    finish() {
      isOver = true;
      pass();
    },
    release() {
      if (isSilent) return;
      held = held.map(({ chunk }) => ({ chunk, at: dueAt(chunk.length) }));
      pass();
    },
    silence() {
      isSilent = true;
      held = [];
      source.resume();
    },
  };
}
