// HTTP/1.1 byte for byte: what is sent is what a test says, and what comes back is read strictly.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { z } from 'zod';
import type { ProblemSlug } from '../../src/domain/problem.ts';
import { problemSchema } from '../../src/edge/schemas.ts';

const REPLY_START = Buffer.from('HTTP/1.1 ');

/** One reply as it came. Header names are in lower case; a header sent twice is a fault. */
export interface RawReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A request to be spelled out. */
export interface RawRequest {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** One connection. */
export interface RawConnection {
  write(bytes: string | Buffer): void;
  /** Says that nothing more will be sent. The other direction stays open. */
  finish(): void;
  /** Reads nothing more, until `resume`. */
  pause(): void;
  resume(): void;
  /**
   * The next reply; undefined if the service closed without one. Give the method for replies without body,
   * or null if it is not known: then a reply has none if another reply or the end comes in its place.
   */
  reply(method?: string | null): Promise<RawReply | undefined>;
  /** Resolves when the service has closed its side. */
  readonly ended: Promise<void>;
  /** Leaves, without waiting for anything. */
  leave(): void;
}

/** The bytes of a request, with `Host`, and with `Content-Length` if there is a body and no word on its length. */
export function requestBytes(method: string, path: string, request: RawRequest = {}): Buffer {
  const { headers = {}, body } = request;
  const given = Object.entries(headers);
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  const isMeasured = names.has('content-length') || names.has('transfer-encoding');
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(names.has('host') ? [] : ['Host: service.test']),
    ...given.flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`)),
    ...(body === undefined || isMeasured ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, Buffer.from(body ?? '')]);
}

/** Opens a connection to an origin such as `http://127.0.0.1:8360`. */
export async function connectRaw(origin: string): Promise<RawConnection> {
  const { hostname, port } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const ended = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  // A connection that is cut is a connection that has ended.
  socket.on('error', () => undefined);
  const input = collect(socket, ended);
  await once(socket, 'connect');
  return {
    write: (bytes) => void socket.write(bytes),
    finish: () => void socket.end(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    reply: (method = 'GET') => readReply(input, method),
    ended,
    leave: () => void socket.destroy(),
  };
}

/** Sends bytes on a connection of their own; undefined if it is closed without a reply. */
export async function sendBytes(
  origin: string,
  bytes: string | Buffer,
  method = 'GET',
): Promise<RawReply | undefined> {
  const connection = await connectRaw(origin);
  connection.write(bytes);
  const reply = await connection.reply(method);
  connection.leave();
  return reply;
}

/** Sends one request on a connection of its own. */
export async function sendRaw(
  origin: string,
  [method, path]: readonly [method: string, path: string],
  request?: RawRequest,
): Promise<RawReply> {
  const reply = await sendBytes(origin, requestBytes(method, path, request), method);
  assert.ok(reply, `no reply to ${method}`);
  return reply;
}

/** The problem that a reply is. Fails if it is none, or if its headers do not fit it. */
export function problemIn({ status, headers, body }: RawReply): z.infer<typeof problemSchema> {
  assert.equal(headers.get('content-type'), 'application/problem+json');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('vary'), 'Authorization, X-App-Key, Accept-Encoding, Origin');
  assert.equal(headers.get('content-length'), String(body.length));
  const problem = problemSchema.parse(JSON.parse(body.toString()));
  assert.equal(problem.status, status);
  assert.equal(problem.instance, headers.get('x-request-id'));
  return problem;
}

/** Fails unless a reply is this problem. */
export function assertProblem(reply: RawReply, slug: ProblemSlug, label?: string): void {
  assert.equal(problemIn(reply).type, `/problems/${slug}`, label);
}

/** `parameter code` of each fault in a reply. */
export function faultsIn(reply: RawReply): readonly string[] {
  return (problemIn(reply).errors ?? []).map(({ parameter, code }) => `${parameter} ${code}`);
}

interface Input {
  /** Takes so many bytes; undefined if there will never be so many. */
  take(count: number): Promise<Buffer | undefined>;
  /** Takes all bytes up to a mark, and the mark. */
  takeTo(mark: string): Promise<Buffer | undefined>;
  takeRest(): Promise<Buffer>;
  /** True if what comes next begins like a reply, or is the end. */
  isAtReply(): Promise<boolean>;
}

function collect(socket: Socket, ended: Promise<void>): Input {
  let held = Buffer.alloc(0);
  let isOver = false;
  let wake = () => {};
  const change = () => new Promise<void>((resolve) => (wake = resolve));
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    wake();
  });
  void ended.then(() => {
    isOver = true;
    wake();
  });
  const cut = (count: number) => {
    const taken = held.subarray(0, count);
    held = held.subarray(count);
    return taken;
  };
  return {
    async take(count) {
      while (held.length < count && !isOver) await change();
      return held.length < count ? undefined : cut(count);
    },
    async takeTo(mark) {
      while (!held.includes(mark) && !isOver) await change();
      const at = held.indexOf(mark);
      return at < 0 ? undefined : cut(at + mark.length);
    },
    async isAtReply() {
      while (held.length < REPLY_START.length && !isOver) await change();
      return held.length === 0 || held.subarray(0, REPLY_START.length).equals(REPLY_START);
    },
    async takeRest() {
      while (!isOver) await change();
      return cut(held.length);
    },
  };
}

async function readReply(input: Input, method: string | null): Promise<RawReply | undefined> {
  const head = await input.takeTo('\r\n\r\n');
  if (head === undefined) {
    assert.equal((await input.takeRest()).length, 0, 'a reply was cut off');
    return undefined;
  }
  const [statusLine = '', ...lines] = head.toString('latin1').slice(0, -4).split('\r\n');
  const match = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]*$/.exec(statusLine);
  assert.ok(match, `not a status line: ${JSON.stringify(statusLine)}`);
  const status = Number(match[1]);
  if (status < 200) return readReply(input, method);
  const headers = readHeaders(lines);
  return { status, headers, body: await readBody(input, { headers, status, method }) };
}

function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~\w-]+): ?([\x20-\x7e]*)$/.exec(line);
    assert.ok(match, `not a header: ${JSON.stringify(line)}`);
    const [, name = '', value = ''] = match;
    assert.ok(!headers.has(name.toLowerCase()), `twice: ${name}`);
    headers.set(name.toLowerCase(), value);
  }
  return headers;
}

async function readBody(
  input: Input,
  { headers, status, method }: Omit<RawReply, 'body'> & { method: string | null },
): Promise<Buffer> {
  if (method === 'HEAD' || status === 204 || status === 304) return Buffer.alloc(0);
  if (method === null && (await input.isAtReply())) return Buffer.alloc(0);
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(input);
  const length = headers.get('content-length');
  if (length === undefined) return input.takeRest();
  const body = await input.take(Number(length));
  assert.ok(body, 'the body was cut off');
  return body;
}

async function readChunks(input: Input): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const size = Number.parseInt(String(await input.takeTo('\r\n')), 16);
    const chunk = await input.take(size + 2);
    assert.ok(chunk, 'a chunk was cut off');
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, size));
  }
}
