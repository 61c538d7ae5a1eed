// Has one exchange with a service, byte for byte, and tells what came back.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectRaw, type RawConnection, type RawReply } from '../support/raw-http.ts';
import type { Exchange } from './exchange.ts';
import type { Asked } from './request.ts';
import type { Origins } from './world.ts';

/** A reply and what it replies to; null if that is not known. */
export interface Answered {
  readonly asked: Asked | null;
  readonly reply: RawReply;
}

/** What came of an exchange. */
export interface Outcome {
  readonly answered: readonly Answered[];
  /** What went wrong between the replies; null if nothing did. */
  readonly failure: string | null;
}

const MOST_PIECES = 40;
const REPLY_WITHIN_MS = 30_000;
/** So long the service may wait for more of what will not come, before it is told that this was all. */
const QUIET_MS = 40;

/** Has an exchange. */
export async function converse(exchange: Exchange, origins: Origins): Promise<Outcome> {
  const answered: Answered[] = [];
  let failure: string | null = null;
  let connection: RawConnection | undefined;
  try {
    connection = await connectRaw(origins[exchange.port]);
    await talk(exchange, connection, answered);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  connection?.leave();
  return { answered, failure };
}

async function talk(
  { requests, isPipelined, pieceBytes, rest }: Exchange,
  connection: RawConnection,
  answered: Answered[],
): Promise<void> {
  if (isPipelined) {
    const all = [...requests.map(({ bytes }) => bytes), rest ?? Buffer.alloc(0)];
    await send(connection, Buffer.concat(all), pieceBytes);
  }
  for (const { asked, bytes } of requests) {
    if (!isPipelined) await send(connection, bytes, pieceBytes);
    const reply = await soon(connection.reply(asked.method));
    if (reply === undefined) throw new Error(`no reply to request ${answered.length + 1}`);
    answered.push({ asked, reply });
    if (reply.headers.get('connection') === 'close') return expectEnd(connection);
  }
  if (rest === null) return;
  if (!isPipelined) await send(connection, rest, pieceBytes);
  const quiet = setTimeout(connection.finish, QUIET_MS);
  try {
    await readAll(connection, answered);
  } finally {
    clearTimeout(quiet);
  }
}

/** Sends piece after piece, each in a packet of its own if it can be had, and reads nothing before all is sent. */
async function send(connection: RawConnection, bytes: Buffer, pieceBytes: number): Promise<void> {
  const size = Math.max(pieceBytes, Math.ceil(bytes.length / MOST_PIECES));
  connection.pause();
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await nextTurn();
    connection.write(bytes.subarray(at, at + size));
  }
  connection.resume();
}

async function readAll(connection: RawConnection, answered: Answered[]): Promise<void> {
  for (;;) {
    const reply = await soon(connection.reply(null));
    if (reply === undefined) return;
    answered.push({ asked: null, reply });
  }
}

async function expectEnd(connection: RawConnection): Promise<void> {
  const more = await soon(connection.reply(null));
  if (more) throw new Error(`one more reply (${more.status}) after the last one`);
}

async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no reply, and no end')), REPLY_WITHIN_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
