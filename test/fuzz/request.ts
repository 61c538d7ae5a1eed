// One request that is sound HTTP: whatever it says, exactly one reply belongs to it.
import type { Chance } from '../../src/sandbox/chance.ts';
import { bodyContent, type Framed, frameBody, type Header } from './body.ts';
import { anyPath, credentials, oddRequestId, otherHeaders, queryOf } from './head.ts';
import type { AppKeys, AppName } from './marked.ts';
import { batchPairs, customerPairs, type Pair, summariesPairs } from './values.ts';

/** Which of the two ports. */
export type Port = 'api' | 'ops';

/** What a reply is judged by. */
export interface Asked {
  readonly port: Port;
  readonly method: string;
  /** As it is sent, with its query string. */
  readonly target: string;
  /** The id that the reply must bear; null if it must be a new one. */
  readonly requestId: string | null;
  /** Whom the request speaks for; null if for nobody. */
  readonly app: AppName | null;
}

/** A request and what is to be known about it. */
export interface Request {
  readonly asked: Asked;
  readonly bytes: Buffer;
}

/** What a request is made with. */
export interface RequestOptions {
  readonly keys: AppKeys;
  readonly port: Port;
  /** An id that no other request has. */
  readonly id: string;
  /** Whether it asks for the connection to be closed, or to be kept. */
  readonly isLast: boolean;
}

const MAX_HEAD_BYTES = 14_000;
const OTHER_METHODS = [
  'DELETE',
  'PUT',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'M-SEARCH',
  'LOCK',
  'PURGE',
] as const;
const NO_BODY: Framed = { headers: [], bytes: Buffer.alloc(0) };

/** Makes a request. */
export function makeRequest(chance: Chance, options: RequestOptions): Request {
  const method = anyMethod(chance);
  const { target, pairs } = makeTarget(chance, method);
  const hasBody = pairs !== null || chance.oneIn(15);
  const body = hasBody ? frameBody(chance, bodyContent(chance, pairs ?? [])) : NO_BODY;
  const caller = credentials(chance, options.keys);
  const isNamed = !chance.oneIn(4);
  const headers = shuffled(chance, [
    ...hosts(chance),
    ...(isNamed ? [['X-Request-Id', options.id] as const] : oddIds(chance, options.keys)),
    ...caller.headers,
    ...body.headers,
    ...otherHeaders(chance, options.keys),
    ...(options.isLast ? [['Connection', 'close'] as const] : []),
  ]);
  return render(body, headers, {
    port: options.port,
    method,
    target,
    requestId: isNamed ? options.id : null,
    app: caller.app,
  });
}

/** A short request that ends a connection. */
export const LAST_REQUEST = Buffer.from(
  'GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
);

function render(body: Framed, headers: readonly Header[], asked: Asked): Request {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = `${asked.method} ${asked.target} HTTP/1.1\r\n${lines}\r\n`;
  // What is longer may be refused by the parser, which knows no request.
  if (head.length > MAX_HEAD_BYTES) {
    const few = headers.filter(([name]) => FEW.has(name.toLowerCase()));
    return render(body, few, { ...asked, target: '/v1/customer' });
  }
  return { asked, bytes: Buffer.concat([Buffer.from(head, 'latin1'), body.bytes]) };
}

/** What a head that was too long is left with. */
const FEW = new Set([
  'host',
  'authorization',
  'x-app-key',
  'x-request-id',
  'connection',
  'content-length',
  'transfer-encoding',
]);

function anyMethod(chance: Chance): string {
  const kind = chance.between(0, 99);
  if (kind < 45) return 'GET';
  if (kind < 67) return 'POST';
  if (kind < 80) return 'QUERY';
  if (kind < 88) return 'HEAD';
  return kind < 94 ? 'OPTIONS' : chance.pick(OTHER_METHODS);
}

/** The target, and the parameters that go into the body. */
function makeTarget(
  chance: Chance,
  method: string,
): { target: string; pairs: readonly Pair[] | null } {
  const isRead = method !== 'POST' && method !== 'QUERY';
  const kind = chance.between(0, 99);
  if (method === 'POST' && kind < 25) return { target: '/v1/customers', pairs: batchPairs(chance) };
  if (kind >= 78) return { target: anyPath(chance), pairs: isRead ? null : customerPairs(chance) };
  const isCustomer = kind < 58;
  const path = isCustomer ? '/v1/customer' : '/v1/summaries';
  const listName = isRead ? 'interactionId' : 'interactionIds';
  const pairs = isCustomer ? customerPairs(chance) : summariesPairs(chance, listName);
  if (isRead) return { target: path + queryOf(chance, pairs), pairs: null };
  return { target: chance.oneIn(20) ? path + queryOf(chance, pairs) : path, pairs };
}

function hosts(chance: Chance): readonly Header[] {
  const kind = chance.between(0, 59);
  if (kind === 0) return [];
  if (kind === 1)
    return [
      ['Host', 'a'],
      ['host', 'b'],
    ];
  return [['Host', kind === 2 ? '' : 'service.test']];
}

function oddIds(chance: Chance, keys: AppKeys): readonly Header[] {
  if (!chance.oneIn(3)) return [];
  const id: Header = ['X-Request-Id', oddRequestId(chance, keys)];
  return chance.oneIn(4) ? [['x-request-id', 'a'], id] : [id];
}

function shuffled(chance: Chance, headers: readonly Header[]): readonly Header[] {
  if (!chance.oneIn(4)) return headers;
  return headers
    .map((header) => ({ header, place: chance.fraction() }))
    .sort((one, other) => one.place - other.place)
    .map(({ header }) => header);
}
