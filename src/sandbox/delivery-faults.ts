// Faults of the connection: the vendor's reply is sent late, in pieces, in part, or never.
import type { ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { afterDelay } from './delay.ts';
import type { DeliveryFault } from './misbehaviour.ts';
import { type Reply, send, sendHead } from './replies.ts';

const PADDING_CHUNK = 'x'.repeat(65_536);

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
  huge: {
    about: 'a good reply with a very long field first, without Content-Length',
    option: 'bytes',
    deliver: (response, reply, { bytes }) => {
      if (reply.status !== 200) return send(response, reply);
      response.writeHead(reply.status, reply.headers);
      pipeline(Readable.from(padded(reply, bytes)), response, () => {});
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

/** The JSON object of a reply with more than `bytes` of padding as its first field. */
function* padded(reply: Reply, bytes: number): Generator<string | Buffer> {
  yield '{"padding":"';
  for (let sent = 0; sent < bytes; sent += PADDING_CHUNK.length) yield PADDING_CHUNK;
  yield '",';
  yield reply.body.subarray(1);
}
