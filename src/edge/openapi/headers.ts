// The headers of our responses, each described once.
import type { Header, Reference } from './operation.ts';

/** Every header by its name. */
export const HEADERS = {
  'Cache-Control': header(
    'How long the reply may be kept. `no-store` on everything that is no answer of `/v1`.',
    'private, max-age=60, stale-while-revalidate=600',
  ),
  Vary: header(
    'What the reply depends on beside its URL.',
    'Authorization, X-App-Key, Accept-Encoding, Origin',
  ),
  'X-Request-Id': header(
    'The caller’s own if it is 1 to 128 characters of `A-Za-z0-9._-`, else a new one. Also in every problem and log line.',
    '6f2b1c9e-5a43-4d0b-9a59-0c6d7e1f2a3b',
  ),
  RateLimit: header(
    'What is left of the quota: `r` requests for the next `t` seconds. `address` with a credential that failed: so many more may fail.',
    '"app";r=599;t=60',
  ),
  'RateLimit-Policy': header(
    'The quota: `q` requests in `w` seconds, of the `app`, or of the `address` with a credential that failed.',
    '"app";q=600;w=60',
  ),
  ETag: header(
    'A strong tag of exactly these bytes, content coding included. An unchanged customer keeps its tag.',
    '"k3VtR0x5bGJmZ0hQY2x0a2pXbWc"',
  ),
  Age: {
    description: 'Seconds since 8x8 gave this answer.',
    schema: { type: 'integer', minimum: 0, examples: [18] },
  },
  'Cache-Status': header(
    'Where the answer came from (RFC 9211). `hit` with its tier in `detail`; with a negative `ttl` it is stale, and fetched anew behind your back. `fwd=miss` or `fwd=request` if 8x8 was asked, `collapsed` if another request had asked already. `fwd=stale; fwd-status=…; detail=stale-if-error` if 8x8 could not answer and a kept answer was used.',
    'customer-360; hit; ttl=42; detail=memory',
  ),
  'Content-Encoding': {
    description: 'The coding, as `Accept-Encoding` allows: `br` before `gzip` at equal weight.',
    schema: { type: 'string', enum: ['br', 'gzip'] },
  },
  'Retry-After': {
    description: 'Seconds after which another try can succeed.',
    schema: { type: 'integer', minimum: 1, maximum: 600, examples: [5] },
  },
  'WWW-Authenticate': header('How to send a credential.', 'Bearer'),
} as const satisfies Readonly<Record<string, Header>>;

/** The name of one of our headers. */
export type HeaderName = keyof typeof HEADERS;

/** The headers of every reply. */
export const COMMON_HEADERS = ['Cache-Control', 'Vary', 'X-Request-Id'] as const;

/** The headers of a reply that counted. */
export const QUOTA_HEADERS = ['RateLimit', 'RateLimit-Policy'] as const;

/** The headers of an answer that may be kept. */
export const CACHE_HEADERS = ['ETag', 'Age', 'Cache-Status'] as const;

/** Points to the descriptions of some headers. */
export function headerReferences(names: readonly HeaderName[]): Record<string, Reference> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function header(description: string, example: string): Header {
  return { description, schema: { type: 'string', examples: [example] } };
}
