// Bytes that are almost HTTP, or were: broken framing, smuggling shapes, overlong heads, wrong lines.
import type { Chance } from '../../src/sandbox/chance.ts';
import { type AppKeys, MARKED, TOKEN } from './marked.ts';

/** Makes such bytes. `sound` makes the bytes of a good request, to be broken. */
export interface BreakOptions {
  readonly keys: AppKeys;
  readonly sound: () => Buffer;
}

type Shape = (chance: Chance, options: BreakOptions) => string | Buffer;

const HOST = 'Host: service.test\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const BODY = `{"tenant":"acme","email":"${MARKED.email}"}`;
const INNER = `GET /v1/customer?tenant=acme&email=${TOKEN}@x.example HTTP/1.1\r\n${HOST}`;

const auth = ({ keys }: BreakOptions) => `Authorization: Bearer ${keys.desk.key}\r\n`;
const post = (options: BreakOptions, headers: string, body: string) =>
  `POST /v1/customer HTTP/1.1\r\n${HOST}${auth(options)}${JSON_TYPE}${headers}\r\n${body}`;
const get = (options: BreakOptions, headers: string) =>
  `GET /v1/customer?tenant=acme&email=${MARKED.email} HTTP/1.1\r\n${HOST}${auth(options)}${headers}\r\n`;

const LENGTHS = [
  '-1',
  '+5',
  '0x10',
  '1e3',
  '5, 5',
  '5,6',
  ' ',
  '',
  '5 5',
  '99999999999999999999',
  '18446744073709551616',
  TOKEN,
] as const;
const CODINGS = [
  'chunked, identity',
  'identity, chunked',
  'xchunked',
  'gzip, chunked',
  '"chunked"',
  'chunked\r\nTransfer-Encoding: chunked',
  'chunked, chunked',
  '\x0bchunked',
  'chunked;q=1',
  'Chunked',
  '',
] as const;
const CHUNKS = [
  'zz\r\n',
  '-1\r\nx\r\n',
  'FFFFFFFFFFFFFFFFF\r\nx',
  '5\r\nab',
  '2\r\n{}x\r\n0\r\n\r\n',
  '2\n{}\n0\n\n',
  '0x2\r\n{}\r\n0\r\n\r\n',
  '2 \r\n{}\r\n0\r\n\r\n',
  ';\r\n',
  '\r\n\r\n',
  '2\r\n{}\r\n',
  `2;${'x'.repeat(17_000)}\r\n{}\r\n0\r\n\r\n`,
  `0\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`,
  `0\r\n${TOKEN}\r\n\r\n`,
] as const;
const LINES = [
  'X-Note : a\r\n',
  ' X-Note: a\r\n',
  'X-Note: a\r\n b\r\n',
  ': a\r\n',
  'X-Note\r\n',
  'X-Note: a\0b\r\n',
  'X\0Note: a\r\n',
  'X-Note: a\rb\r\n',
  'X-Note: a\n',
  'X-N\u00f6te: a\r\n',
  `${TOKEN}: \x7f\r\n`,
  '\r',
  '\n',
] as const;
const TARGETS = [
  '',
  '*',
  '/\u00e9',
  '/a b',
  '/\0',
  '/v1/customer#x',
  `http://${TOKEN}:99999/v1/customer`,
  `http://${TOKEN}@x.example/livez`,
  'https://[::1/livez',
  'service.test:443',
  '\\livez',
  '?tenant=acme',
  '//',
  '/%',
  'javascript:alert(1)',
] as const;
const VERSIONS = [
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/0.9',
  'HTTP/1.1 x',
  'http/1.1',
  'HTTP/1.',
  'HTTP/11',
  'ICY',
  '',
  TOKEN,
] as const;
const START_LINES = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'EHLO x\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '\r\n\r\n\r\n',
  '\0\0\0\0',
  `${MARKED.email}\r\n\r\n`,
  'GET\r\n\r\n',
  'GET /livez\r\n',
  'get /livez HTTP/1.1\r\nHost: a\r\n\r\n',
  'SOURCE / HTTP/1.0\r\n\r\n',
] as const;
const UPGRADES = [
  'h2c\r\nHTTP2-Settings: AAMAAABk',
  'websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'TLS/1.0',
  TOKEN,
] as const;

const FRAGMENTS = [
  'GET ',
  'POST ',
  'QUERY ',
  'HEAD ',
  '/v1/customer',
  '/v1/customers',
  '/v1/summaries',
  '/livez',
  `?tenant=acme&email=${TOKEN}@b.example`,
  ' HTTP/1.1',
  ' HTTP/1.0',
  '\r\n',
  '\r\n\r\n',
  HOST,
  'Content-Length: 2\r\n',
  'Content-Length: 5\r\n',
  JSON_TYPE,
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: h2c\r\n',
  'Expect: 100-continue\r\n',
  'If-None-Match: *\r\n',
  '2\r\n{}\r\n0\r\n\r\n',
  '{}',
  '{"tenant":',
  '\0',
  '%',
  ':',
  '\u00ff',
] as const;

/** The shapes by name. */
export const SHAPES = {
  mutated: (chance, { sound }) => mutated(chance, sound()),
  truncated: (chance, { sound }) => {
    const bytes = sound();
    return bytes.subarray(0, chance.between(0, bytes.length - 1));
  },
  'wrong length': (chance, options) => {
    const length = Math.max(0, BODY.length + chance.pick([-40, -2, -1, 1, 2, 40, 60_000, 70_000]));
    return post(options, `Content-Length: ${length}\r\n`, BODY);
  },
  'odd length': (chance, options) =>
    post(options, `Content-Length: ${chance.pick(LENGTHS)}\r\n`, BODY),
  'two lengths': (chance, options) =>
    post(
      options,
      `Content-Length: ${BODY.length}\r\nContent-Length: ${chance.pick([BODY.length, 5, 0])}\r\n`,
      BODY,
    ),
  'length and chunks': (chance, options) => {
    const headers = [
      `Content-Length: ${chance.pick([0, 4, BODY.length])}\r\n`,
      `Transfer-Encoding: ${chance.pick(CODINGS)}\r\n`,
    ];
    const ordered = chance.oneIn(2) ? headers : headers.reverse();
    return post(options, ordered.join(''), `0\r\n\r\n${INNER}${auth(options)}\r\n`);
  },
  'odd coding': (chance, options) =>
    post(
      options,
      `Transfer-Encoding: ${chance.pick(CODINGS)}\r\n`,
      `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
    ),
  'odd chunks': (chance, options) =>
    post(options, 'Transfer-Encoding: chunked\r\n', chance.pick(CHUNKS)),
  'hidden request': (chance, options) =>
    `GET /livez HTTP/1.1\r\n${HOST}${chance.pick(['Content-Length: 0', 'X: y', 'Transfer-Encoding: identity'])}\r\n\r\n${INNER}${chance.oneIn(2) ? auth(options) : ''}\r\n`,
  'odd line': (chance, options) => get(options, chance.pick(LINES)),
  'bare line feeds': (_, options) => get(options, '').replaceAll('\r\n', '\n'),
  'bare carriage returns': (_, options) => get(options, '').replaceAll('\r\n', '\r'),
  'long target': (chance, options) =>
    `GET /v1/customer?email=${TOKEN.repeat(chance.pick([700, 900, 4_000]))} HTTP/1.1\r\n${HOST}${auth(options)}\r\n`,
  'long header': (chance, options) =>
    get(options, `X-Note: ${TOKEN.repeat(chance.pick([790, 815, 4_000]))}\r\n`),
  'long name': (chance, options) => get(options, `${TOKEN.repeat(chance.pick([10, 900]))}: a\r\n`),
  'many headers': (chance, options) =>
    get(options, 'A:b\r\n'.repeat(chance.pick([500, 2_500, 5_000]))),
  'odd target': (chance, options) =>
    `${chance.pick(['GET', 'POST', 'OPTIONS'])} ${chance.pick(TARGETS)} HTTP/1.1\r\n${HOST}${auth(options)}\r\n`,
  'odd version': (chance, options) =>
    `GET /livez ${chance.pick(VERSIONS)}\r\n${HOST}${auth(options)}\r\n`,
  'HTTP/1.0': (chance, { sound }) =>
    Buffer.from(
      sound()
        .toString('latin1')
        .replace(
          ' HTTP/1.1\r\n',
          ` HTTP/1.0\r\n${chance.pick(['', 'Connection: keep-alive\r\n'])}`,
        ),
      'latin1',
    ),
  connect: (chance, { keys }) =>
    `CONNECT ${chance.pick([`${TOKEN}:443`, 'x', '/v1/customer', '', `${keys.desk.key}:1`])} HTTP/1.1\r\n${HOST}\r\n${chance.oneIn(2) ? BODY : ''}`,
  upgrade: (chance, options) =>
    get(options, `Connection: Upgrade\r\nUpgrade: ${chance.pick(UPGRADES)}\r\n`),
  'another protocol': (chance) => Buffer.from(chance.pick(START_LINES), 'latin1'),
  fragments: (chance, options) => {
    const count = chance.between(1, 12);
    const parts = Array.from({ length: count }, () =>
      chance.oneIn(12) ? auth(options) : chance.pick(FRAGMENTS),
    );
    const start = chance.oneIn(2) ? `GET /v1/customer HTTP/1.1\r\n${HOST}` : '';
    return Buffer.from(start + parts.join(''), 'latin1');
  },
  noise: (chance) =>
    Buffer.from(Array.from({ length: chance.between(1, 200) }, () => chance.between(0, 255))),
} as const satisfies Readonly<Record<string, Shape>>;

/** The name of a shape. */
export type ShapeName = keyof typeof SHAPES;

/** All names; those that break good requests anywhere come up more often. */
export const SHAPE_NAMES: readonly [ShapeName, ...ShapeName[]] = [
  'mutated',
  ...(Object.keys(SHAPES) as ShapeName[]),
  ...Array.from({ length: 7 }, () => 'mutated' as const),
  ...Array.from({ length: 3 }, () => 'fragments' as const),
];

/** Makes the bytes of a shape. */
export function breakBytes(name: ShapeName, chance: Chance, options: BreakOptions): Buffer {
  const made = SHAPES[name](chance, options);
  return typeof made === 'string' ? Buffer.from(made, 'latin1') : made;
}

/** Good bytes with one to four changes: a byte replaced, put in, taken out or doubled, or a stretch repeated. */
function mutated(chance: Chance, good: Buffer): Buffer {
  let bytes = good;
  const changes = chance.between(1, 4);
  for (let n = 0; n < changes; n += 1) {
    // Most of what decides stands in front.
    const at = chance.between(0, Math.min(bytes.length, chance.pick([120, 1_000, 70_000])) - 1);
    const taken = chance.pick([0, 1, 1, chance.between(1, 20)]);
    const given = chance.pick([
      Buffer.alloc(0),
      anyByte(chance),
      anyByte(chance),
      bytes.subarray(at, at + 30),
    ]);
    bytes = Buffer.concat([bytes.subarray(0, at), given, bytes.subarray(at + taken)]);
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

function anyByte(chance: Chance): Buffer {
  return Buffer.from([
    chance.oneIn(2)
      ? chance.pick([0, 9, 10, 13, 32, 37, 44, 58, 127, 255])
      : chance.between(0, 255),
  ]);
}
