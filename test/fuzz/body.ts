// Bodies of requests: JSON that is good, odd or none, and how its length is told.
import type { Chance } from '../../src/sandbox/chance.ts';
import { MARKED, TOKEN } from './marked.ts';
import { anyJson, type Pair } from './values.ts';

/** A header line. */
export type Header = readonly [name: string, value: string];

/** A body as it stands on the wire, and the headers that tell of it. */
export interface Framed {
  readonly headers: readonly Header[];
  readonly bytes: Buffer;
}

const MAX_BODY_BYTES = 65_536;

const TYPES = [
  'application/json; charset=utf-8',
  'Application/JSON',
  'application/json;charset=utf-16',
  'application/json; charset="utf8"; x=y',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  `text/${TOKEN}`,
  'json',
  '',
] as const;

/** A body whose length is told as it is. */
export function frameBody(chance: Chance, content: Buffer): Framed {
  const headers: Header[] = [];
  if (!chance.oneIn(25)) headers.push(['Content-Type', contentType(chance)]);
  if (chance.oneIn(40))
    headers.push(['Content-Encoding', chance.pick(['identity', 'gzip', 'br', TOKEN])]);
  if (chance.oneIn(5)) {
    return {
      headers: [...headers, ['Transfer-Encoding', 'chunked']],
      bytes: inChunks(chance, content),
    };
  }
  return { headers: [...headers, ['Content-Length', String(content.length)]], bytes: content };
}

/** What a body holds; most often the parameters as JSON. */
export function bodyContent(chance: Chance, pairs: readonly Pair[]): Buffer {
  const json = jsonOf(pairs);
  if (!chance.oneIn(4)) return Buffer.from(json);
  switch (chance.between(0, 11)) {
    case 0:
      return Buffer.from(json.slice(0, chance.between(0, json.length)));
    case 1:
      return Buffer.from(jsonOf([...pairs, ...pairs]));
    case 2:
      return Buffer.from(jsonOf([...pairs, ['__proto__', { email: MARKED.email }]]));
    case 3:
      return Buffer.from(jsonOf([...pairs, ['constructor', { prototype: { email: TOKEN } }]]));
    case 4:
      return nested(chance);
    case 5:
      return almostTooLong(chance, json);
    case 6:
      return Buffer.from(`\ufeff${json}`);
    case 7:
      return Buffer.from(json, 'utf16le');
    case 8:
      return withByte(chance, json);
    case 9:
      return Buffer.from(JSON.stringify(anyJson(chance)));
    case 10:
      return Buffer.alloc(0);
    default:
      return Buffer.from(`${json}${chance.pick([json, ' ', '\0', '//', ',', TOKEN])}`);
  }
}

/** Chunks of chance lengths, now and then with extensions and trailers. */
function inChunks(chance: Chance, content: Buffer): Buffer {
  const parts: (string | Buffer)[] = [];
  for (let at = 0; at < content.length; ) {
    const size = chance.between(1, chance.pick([8, 1_000, 70_000]));
    const chunk = content.subarray(at, at + size);
    const extension = chance.oneIn(20) ? `;${TOKEN}=1` : '';
    parts.push(`${chunk.length.toString(16)}${extension}\r\n`, chunk, '\r\n');
    at += size;
  }
  const trailer = chance.oneIn(10) ? `X-Trailer: ${TOKEN}\r\n` : '';
  return Buffer.concat([...parts, `0\r\n${trailer}\r\n`].map((part) => Buffer.from(part)));
}

function contentType(chance: Chance): string {
  return chance.oneIn(8) ? chance.pick(TYPES) : 'application/json';
}

function jsonOf(pairs: readonly Pair[]): string {
  const members = pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${members.join()}}`;
}

function nested(chance: Chance): Buffer {
  const depth = chance.pick([10, 1_000, 30_000]);
  const [open, inner, close] = chance.pick([
    ['[', '', ']'],
    ['{"a":', '1', '}'],
  ]);
  const most = Math.floor(MAX_BODY_BYTES / (open.length + close.length)) - 20;
  const times = Math.min(depth, most);
  return Buffer.from(`{"email":${open.repeat(times)}${inner}${close.repeat(times)}}`);
}

function almostTooLong(chance: Chance, json: string): Buffer {
  const start = `{"email":"${TOKEN}`;
  const length = MAX_BODY_BYTES + chance.between(-2, 2);
  if (chance.oneIn(2)) return Buffer.from(json.padEnd(length));
  return Buffer.from(`${start.padEnd(length - 2, 'x')}"}`);
}

function withByte(chance: Chance, json: string): Buffer {
  const bytes = Buffer.from(json);
  bytes[chance.between(0, bytes.length - 1)] = chance.between(0x80, 0xff);
  return bytes;
}
