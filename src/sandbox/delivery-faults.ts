// Faults of the connection: the vendor's reply is sent late, in pieces, in part, or never.
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { afterDelay } from './delay.ts';
import type { DeliveryFault } from './misbehaviour.ts';
import { type Reply, send, sendHead } from './replies.ts';

const PADDING_CHUNK = 'x'.repeat(65_536);
const CRUMBS = 4_096;

/** The faults by name. */
export const DELIVERY_FAULTS = {
  reset: {
    about: 'the connection is reset before a reply',
    deliver: (response) => response.socket?.resetAndDestroy(),
  },
  'reset-mid-body': {
    about: 'the connection is reset after half of the body',
    deliver: (response, reply) => {
      sendHead(response, reply);
      response.write(reply.body.subarray(0, reply.body.length >> 1), () =>
        response.socket?.resetAndDestroy(),
      );
    },
  },
  'not-http': {
    about: 'bytes that are no HTTP, and the connection ends',
    deliver: (response) => response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n'),
  },
  'long-head': {
    about: 'a good reply whose head is longer than clients read',
    deliver: (response, reply) => {
      send(response, { ...reply, headers: { ...reply.headers, 'x-trace': PADDING_CHUNK } });
    },
  },
  hang: { about: 'no reply ever comes', deliver: () => {} },
  slow: {
    about: 'a good reply, late',
    option: 'delayMs',
    deliver: (response, reply, { delayMs }) =>
      afterDelay(response, delayMs, () => send(response, reply)),
  },
  drip: {
    about: 'a good reply, its body byte by byte',
    option: 'byteIntervalMs',
    deliver: (response, reply, { byteIntervalMs }) => {
      sendHead(response, reply);
      response.flushHeaders();
      drip(response, reply.body, byteIntervalMs);
    },
  },
  crumbs: {
    about: 'a good reply with a long field first, each byte of it a chunk of its own, all at once',
    option: 'bytes',
    deliver: (response, reply, { bytes }) => {
      if (reply.status !== 200) return send(response, reply);
      void sendCrumbs(response, reply, bytes);
    },
  },
  huge: {
    about: 'a good reply with a very long field first, without Content-Length',
    option: 'bytes',
    deliver: (response, reply, { bytes }) => {
      if (reply.status !== 200) return send(response, reply);
      response.writeHead(reply.status, reply.headers);
      pipeline(padded(reply, bytes), response).catch(() => undefined);
    },
  },
} as const satisfies Record<string, DeliveryFault>;

function drip(response: ServerResponse, body: Buffer, byteIntervalMs: number): void {
  if (body.length === 0) {
    response.end();
    return;
  }
  afterDelay(response, Math.max(1, byteIntervalMs), () => {
    response.write(body.subarray(0, 1));
    drip(response, body.subarray(1), byteIntervalMs);
  });
}

async function sendCrumbs(response: ServerResponse, reply: Reply, bytes: number): Promise<void> {
  response.writeHead(reply.status, reply.headers);
  response.write('{"padding":"');
  try {
    // By hand, since what is written at once would be one chunk.
    if (response.socket) await pipeline(crumbs(bytes), response.socket, { end: false });
    response.end(Buffer.concat([Buffer.from('",'), reply.body.subarray(1)]));
  } catch {
    response.destroy();
  }
}

function* crumbs(bytes: number): Generator<string> {
  for (let sent = 0; sent < bytes; sent += CRUMBS) yield '1\r\nx\r\n'.repeat(CRUMBS);
}

/** The JSON object of a reply with more than `bytes` of padding as its first field. */
function* padded(reply: Reply, bytes: number): Generator<string | Buffer> {
  yield '{"padding":"';
  for (let sent = 0; sent < bytes; sent += PADDING_CHUNK.length) yield PADDING_CHUNK;
  yield '",';
  yield reply.body.subarray(1);
}
