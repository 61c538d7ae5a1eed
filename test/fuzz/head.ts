// Targets and headers of requests that a parser takes, whatever they say.
import type { Chance } from '../../src/sandbox/chance.ts';
import type { Header } from './body.ts';
import { APPS, type AppKeys, type AppName, MARKED, TOKEN } from './marked.ts';
import { oddText, type Pair } from './values.ts';

/** Headers that name a caller, and whom they name; null if the service must not believe them. */
export interface Credentials {
  readonly headers: readonly Header[];
  readonly app: AppName | null;
}

const OTHER_PATHS = [
  '/livez',
  '/readyz',
  '/problems',
  '/problems/invalid-request',
  '/problems/internal-error',
  `/problems/${TOKEN}`,
  `/problems/${'x'.repeat(300)}`,
  '/problems/constructor',
  '/problems/%zz',
  '/problems/%E0%A4%A',
  '/docs',
  '/docs/',
  '/docs/json',
  '/docs/static/index.css',
  '/docs/static/%2e%2e%2fpackage.json',
  '/docs/static/..%2f..%2f..%2fpackage.json',
  `/docs/${TOKEN}`,
  '/',
  '//',
  '/v1',
  '/v1/',
  '/v1/customer/',
  '//v1/customer',
  '/v1//customer',
  '/V1/CUSTOMER',
  '/v1/./customer',
  '/livez/../v1/customer',
  '/v1/custome%72',
  '/v1/customer%00',
  '/v1/customer%3femail',
  '/v1/customer;a=b',
  '/v1/customers',
  `/v1/customer/${TOKEN}`,
  '/metrics',
  '/_faults',
  '/.env',
  'http://service.test/v1/customer',
  'http://service.test',
  '*',
] as const;

const ORIGINS = [
  'https://desk.example.com',
  'https://other.example.com',
  'null',
  `https://${TOKEN}.example`,
] as const;

/** The path of a request; heavy ones are rare. */
export function anyPath(chance: Chance): string {
  if (chance.oneIn(200))
    return chance.pick(['/openapi.json', '/docs/static/swagger-ui.css', '/docs/yaml']);
  return chance.pick(OTHER_PATHS);
}

/** Parameters as a query string of printable ASCII, with its question mark. */
export function queryOf(chance: Chance, pairs: readonly Pair[]): string {
  const parts = pairs.flatMap(([name, value]) => {
    const isRepeated = name.startsWith('interactionId') || chance.oneIn(3);
    const values =
      Array.isArray(value) && !isRepeated ? [value.map(textOf).join()] : [value].flat();
    return values.map((each) => `${escaped(chance, name)}=${escaped(chance, textOf(each))}`);
  });
  if (chance.oneIn(40))
    parts.push(chance.pick(['%zz=1', '=', '&&', '?', 'a', '%ff=%fe', 'email=%ed%a0%80', 'x=%']));
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** A credential: most often a good one. */
export function credentials(chance: Chance, keys: AppKeys): Credentials {
  const app = chance.oneIn(3) ? chance.pick(APPS) : 'desk';
  const { key } = keys[app];
  const kind = chance.between(0, 19);
  if (kind <= 10) return { headers: [['Authorization', `Bearer ${key}`]], app };
  if (kind <= 13) return { headers: [['X-App-Key', key]], app };
  if (kind === 14) return { headers: [['authorization', `bEARER   ${key}`]], app };
  return { headers: badCredentials(chance, key), app: null };
}

/** What else a request may say. */
export function otherHeaders(chance: Chance, keys: AppKeys): readonly Header[] {
  const odd = () => headerText(oddText(chance));
  const headers: Header[] = [];
  const maybe = (n: number, name: string, value: () => string) => {
    if (chance.oneIn(n)) headers.push([name, value()]);
  };
  maybe(3, 'Accept-Encoding', () =>
    chance.pick(['br', 'gzip', 'gzip, br;q=0.5', '*', 'identity', 'br;q=', ';;,q=1', odd()]),
  );
  maybe(5, 'If-None-Match', () =>
    chance.pick(['*', '*', '"x"', 'W/"x", "y"', `"${TOKEN}"`, '"', odd()]),
  );
  maybe(8, 'Cache-Control', () =>
    chance.pick(['no-cache', 'max-age=0', 'no-cache, no-store', 'only-if-cached', odd()]),
  );
  maybe(6, 'Origin', () => chance.pick(ORIGINS));
  maybe(12, 'Access-Control-Request-Method', () => chance.pick(['GET', 'QUERY', 'DELETE', odd()]));
  maybe(30, 'Access-Control-Request-Headers', () => chance.pick(['authorization', TOKEN]));
  maybe(30, 'Expect', () => chance.pick(['100-continue', '200-ok', TOKEN]));
  // From so many addresses that few of them run into their limit of failed credentials.
  maybe(2, 'X-Forwarded-For', () =>
    chance.oneIn(10) ? chance.pick(['1.2.3.4', '::1', MARKED.email]) : addressOf(chance),
  );
  maybe(20, 'User-Agent', () => `${TOKEN}/1.0 (${MARKED.email})`);
  maybe(30, 'Referer', () => `https://x.example/?key=${keys.desk.key}`);
  maybe(30, 'Cookie', () => `key=${keys.desk.key}; email=${MARKED.email}`);
  maybe(40, 'Accept', () => chance.pick(['text/html', 'application/json', '*/*;q=0', odd()]));
  maybe(40, 'Range', () => chance.pick(['bytes=0-1', 'bytes=-1', odd()]));
  maybe(40, 'If-Modified-Since', () => chance.pick(['Thu, 01 Jan 2099 00:00:00 GMT', odd()]));
  maybe(40, 'X-HTTP-Method-Override', () => chance.pick(['DELETE', 'CONNECT']));
  maybe(40, 'TE', () => 'trailers');
  maybe(40, '__proto__', () => TOKEN);
  maybe(60, 'X-Padding', () => TOKEN.repeat(chance.between(1, 300)));
  maybe(60, 'X-Many', () => odd());
  return headers;
}

function addressOf(chance: Chance): string {
  return `10.${[1, 2, 3].map(() => chance.between(0, 255)).join('.')}`;
}

/** A request id that must not be taken over. */
export function oddRequestId(chance: Chance, keys: AppKeys): string {
  const { key } = keys.desk;
  return chance.pick([
    key,
    key.toUpperCase(),
    `eght_${TOKEN}`,
    MARKED.email,
    `x/${key}`,
    'x'.repeat(129),
    '',
  ]);
}

/** A text as it may stand in a header: no control characters, one byte each. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e\x80-\xff]/g, '?').trim();
}

function badCredentials(chance: Chance, key: string): readonly Header[] {
  const bearer: Header = ['Authorization', `Bearer ${key}`];
  const all: readonly [readonly Header[], ...(readonly Header[])[]] = [
    [],
    [],
    [bearer, bearer],
    [bearer, ['X-App-Key', key]],
    [
      ['X-App-Key', key],
      ['x-app-key', key],
    ],
    [['Authorization', `Basic ${Buffer.from(key).toString('base64')}`]],
    [['Authorization', `Bearer ${key}x`]],
    [['Authorization', `Bearer ${key.slice(0, -1)}`]],
    [['Authorization', key]],
    [['Authorization', 'Bearer']],
    [['Authorization', `Bearer ${key} ${key}`]],
    [['Authorization', `Bearer c360_nobody_${'A'.repeat(43)}`]],
    [['Authorization', `Bearer c360_constructor_${'A'.repeat(43)}`]],
    [['Authorization', `Bearer ${MARKED.email}`]],
    [['X-App-Key', `Bearer ${key}`]],
    [['X-App-Key', headerText(oddText(chance))]],
    [['X_App_Key', key]],
    [['Cookie', `authorization=${key}`]],
  ];
  return chance.pick(all);
}

function escaped(chance: Chance, text: string): string {
  if (chance.oneIn(20)) return text.replace(/[^\x21-\x7e]|[&#?]/g, '');
  if (chance.oneIn(40)) return escapes(chance);
  const safe = encodeURIComponent(text.toWellFormed());
  return chance.oneIn(20) ? safe.replaceAll('%20', '+').toLowerCase() : safe;
}

/** Bytes that may be no UTF-8. */
function escapes(chance: Chance): string {
  const bytes = Buffer.from(
    Array.from({ length: chance.between(0, 12) }, () => chance.between(0, 255)),
  );
  return bytes.toString('hex').replace(/../g, '%$&');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
