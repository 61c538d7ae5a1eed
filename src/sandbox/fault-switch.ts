// The HTTP switch for faults, `/_faults`: GET lists them, PUT switches one on, DELETE all off.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { z } from 'zod';
import { REGIONS } from '../domain/region.ts';
import { FAULTS, type FaultKind, type Faults } from './faults.ts';
import { FAULT_DEFAULTS, type Misbehaviour } from './misbehaviour.ts';
import { jsonReply, problemReply, type Reply, send } from './replies.ts';
import { ENDPOINTS } from './target.ts';

/** The path of the switch, outside of the regions. */
export const FAULTS_PATH = '/_faults';

const MAX_BODY_BYTES = 16_384;
const MAX_WAIT_MS = 600_000;

const isFaultKind = (name: string): name is FaultKind => Object.hasOwn(FAULTS, name);
const kinds = Object.keys(FAULTS).filter(isFaultKind);

const orderSchema = z.strictObject({
  fault: z.enum(kinds),
  region: z.enum(REGIONS).exactOptional(),
  endpoint: z.enum(ENDPOINTS).exactOptional(),
  times: z.int().min(1).exactOptional(),
  retryAfterSeconds: z.int().min(0).exactOptional(),
  resetAfterSeconds: z.int().min(0).exactOptional(),
  delayMs: z.int().min(0).max(MAX_WAIT_MS).exactOptional(),
  byteIntervalMs: z.int().min(1).max(MAX_WAIT_MS).exactOptional(),
  bytes: z
    .int()
    .min(0)
    .max(2 ** 30)
    .exactOptional(),
});

/** Serves the switch. It answers to the machine that it runs on alone. */
export async function serveFaultSwitch(
  faults: Faults,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isLoopback(request.socket.remoteAddress ?? '')) {
    send(response, problemReply(403, 'The switch is for this machine alone'));
    return;
  }
  const body = await readBody(request);
  if (body === null) send(response, problemReply(413, 'The body is too long'));
  else send(response, turn(faults, request.method, body));
}

function turn(faults: Faults, method: string | undefined, body: string): Reply {
  switch (method) {
    case 'GET':
      return jsonReply(200, { on: faults.list(), faults: kinds.map(describe) });
    case 'PUT':
      return switchOn(faults, body);
    case 'DELETE':
      faults.set(null);
      return jsonReply(200, { on: faults.list() });
    default:
      return problemReply(405, 'GET, PUT or DELETE', { allow: 'GET, PUT, DELETE' });
  }
}

function switchOn(faults: Faults, body: string): Reply {
  const order = orderSchema.safeParse(parseJson(body));
  if (!order.success) return problemReply(400, z.prettifyError(order.error));
  const { fault, region, endpoint, times, ...options } = order.data;
  faults.set(
    { kind: fault, ...options },
    {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(times === undefined ? {} : { times }),
    },
  );
  return jsonReply(200, { on: faults.list() });
}

function describe(kind: FaultKind): object {
  const { about, option }: Misbehaviour = FAULTS[kind];
  return {
    fault: kind,
    about,
    ...(option === undefined ? {} : { [option]: FAULT_DEFAULTS[option] }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The body as text, or null if it is too long or did not come whole. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return bytes > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString();
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
