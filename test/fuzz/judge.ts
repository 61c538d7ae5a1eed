// Whether a reply keeps every rule: the contract, the table of problems, who may see what, and no leak.

import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { z } from 'zod';
import type { Marks } from '../support/marks.ts';
import { problemIn, type RawReply } from '../support/raw-http.ts';
import { type Allowed, type Contract, type Replies, readContract } from './contract.ts';
import { createLeakSearch, type LeakSearch } from './leaks.ts';
import type { Asked } from './request.ts';

/** Says which rules a reply breaks; `asked` is null where it is not known what it replies to. */
export type Judge = (asked: Asked | null, reply: RawReply) => readonly string[];

/** What may be found where. */
export interface Secrets {
  /** In no reply. */
  readonly secret: Marks;
  /** In answers about customers only. */
  readonly customer: Marks;
}

interface Body {
  readonly bytes: Buffer;
  /** Undefined if it is no JSON. */
  readonly json: unknown;
}

const PROBLEM_TYPE = 'application/problem+json';
const ALWAYS = ['cache-control', 'vary', 'x-request-id'] as const;

/** Headers that the document does not name. */
const OTHER_HEADERS = new Set([
  ...[
    'allow',
    'connection',
    'content-length',
    'content-type',
    'date',
    'keep-alive',
    'transfer-encoding',
  ],
  ...[
    'access-control-allow-headers',
    'access-control-allow-methods',
    'access-control-allow-origin',
  ],
  ...['access-control-expose-headers', 'access-control-max-age'],
  ...['content-security-policy', 'referrer-policy', 'x-content-type-options', 'last-modified'],
]);

/** Pages for persons and metrics, which the document does not describe. */
const PAGES = /^\/(?:docs(?:\/.*)?|problems|metrics)$/;

/** What both ports have. */
const HEALTH = /^\/(?:livez|readyz)$/;

/** What can be told where there is no operation, or none that could be read. */
const ANYWHERE = new Set([
  '/problems/malformed-request',
  '/problems/not-found',
  '/problems/method-not-allowed',
  '/problems/headers-too-large',
  '/problems/body-too-large',
  '/problems/request-timeout',
  // A body that comes with OPTIONS.
  '/problems/unsupported-media-type',
  '/problems/invalid-request',
]);

/** Statuses that only one who has shown a good key can see under `/v1`. */
const FOR_CALLERS = new Set([200, 304, 403, 502, 504]);

/** Creates a judge. */
export function createJudge(
  { secret, customer }: Secrets,
  contract: Contract = readContract(),
): Judge {
  const findSecret = createLeakSearch(secret);
  const findAny = createLeakSearch({ ...secret, ...customer });
  const checkContract = createContractCheck(contract);
  return (asked, reply) => {
    const body = readBody(reply);
    if (body === null) return ['its body does not decode'];
    const hasBody = asked?.method !== 'HEAD' && reply.body.length > 0;
    return [
      ...(isFault(reply, body) ? ['status 500'] : []),
      ...checkHeaders(reply, asked, findAny),
      ...checkProblem(reply, hasBody),
      ...checkContract(asked, reply, hasBody ? body : null),
      ...checkCaller(asked, reply, body),
      ...leaksIn(asked, reply, { body, findSecret, findAny }),
    ];
  };
}

function checkHeaders(
  { headers }: RawReply,
  asked: Asked | null,
  find: LeakSearch,
): readonly string[] {
  const missing = ALWAYS.filter((name) => !headers.has(name)).map((name) => `no header ${name}`);
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  const leaks = find(lines).map((found) => `a header holds ${found}`);
  const id = headers.get('x-request-id');
  const isOther = asked !== null && asked.requestId !== null && asked.requestId !== id;
  return [
    ...missing,
    ...leaks,
    ...(isOther ? [`the reply to ${id} came for ${asked.requestId}`] : []),
  ];
}

function checkProblem(reply: RawReply, hasBody: boolean): readonly string[] {
  const isProblem = reply.headers.get('content-type') === PROBLEM_TYPE;
  if (isProblem !== reply.status >= 400)
    return [`status ${reply.status} as ${reply.headers.get('content-type')}`];
  if (!isProblem || !hasBody) return [];
  try {
    problemIn(reply);
    return [];
  } catch (error) {
    return [`not a problem: ${String(error)}`];
  }
}

/** Creates the check against the document. */
function createContractCheck({ repliesTo, all }: Contract) {
  return (asked: Asked | null, reply: RawReply, body: Body | null): readonly string[] => {
    const path = asked?.target.split('?')[0] ?? '';
    const isDescribed = asked?.port === 'api' || HEALTH.test(path);
    const replies = asked && isDescribed ? repliesTo(asked.method, path) : null;
    if (replies) return misfits(replies, reply, body);
    const isPage = asked === null || PAGES.test(path);
    if (isOutside(reply, body, isPage)) return [];
    // Of some spellings of a path it is not told here what they lead to.
    const isKnown = asked !== null && !/%|^[^/]/.test(path);
    const isFit = !isKnown && all.some((each) => misfits(each, reply, body).length === 0);
    return isFit ? [] : [`status ${reply.status} fits no operation`];
  };
}

/** Pages, and replies of the framework: to a path or method that there is not, and to what it could not read. */
function isOutside({ status, headers }: RawReply, body: Body | null, isPage: boolean): boolean {
  if (status === 200 || status === 304) return isPage;
  if (status === 204 || status === 405) return headers.has('allow');
  return status >= 400 && (body === null || ANYWHERE.has(typeOf(body)));
}

function misfits(replies: Replies, reply: RawReply, body: Body | null): readonly string[] {
  const allowed = replies.get(reply.status);
  if (!allowed) return [`status ${reply.status} is not in the document`];
  return [...misfitHeaders(allowed, reply, body), ...misfitBody(allowed, reply, body)];
}

function misfitHeaders(
  allowed: Allowed,
  { headers, status }: RawReply,
  body: Body | null,
): readonly string[] {
  const wrong = [...headers].flatMap(([name, text]) => {
    const isRight = allowed.headers.get(name);
    if (isRight) return isRight(text) ? [] : [`header ${name}: ${text}`];
    return OTHER_HEADERS.has(name) ? [] : [`header ${name} is not in the document`];
  });
  const type = body && status >= 400 ? typeOf(body) : '';
  const missing = [...allowed.headers.keys()].filter(
    (name) => !headers.has(name) && !mayLack(name, { status, type, isKnown: body !== null }),
  );
  return [...wrong, ...missing.map((name) => `no header ${name} with status ${status}`)];
}

/** Codings are chosen; what could not be read, or not be taken on, or had no credential, was not counted. */
function mayLack(name: string, reply: { status: number; type: string; isKnown: boolean }): boolean {
  if (name === 'content-encoding') return true;
  if (!name.startsWith('ratelimit')) return false;
  const isUncounted =
    reply.type === '/problems/malformed-request' ||
    reply.type === '/problems/overloaded' ||
    reply.status === 401;
  return isUncounted || (!reply.isKnown && (reply.status === 400 || reply.status === 503));
}

function misfitBody(allowed: Allowed, reply: RawReply, body: Body | null): readonly string[] {
  const type = reply.headers.get('content-type')?.split(';')[0];
  if (body === null) return [];
  if (type === undefined) return ['a body without a type'];
  const schema = allowed.bodies.get(type);
  if (!schema) return [`${type} is not in the document`];
  if (type === PROBLEM_TYPE && !allowed.problems.has(typeOf(body))) {
    return [`${typeOf(body)} is not in the document`];
  }
  const checked = schema.safeParse(type.endsWith('json') ? body.json : body.bytes.toString());
  return (checked.error?.issues ?? []).flatMap((issue) => namesOf(issue, []));
}

/** Of what is none of several things, why it is not the first of them. */
function namesOf(issue: z.core.$ZodIssue, within: readonly PropertyKey[]): readonly string[] {
  const path = [...within, ...issue.path];
  const [first] = issue.code === 'invalid_union' ? issue.errors : [];
  return (
    first?.flatMap((each) => namesOf(each, path)) ?? [`body ${path.join('.')}: ${issue.message}`]
  );
}

/** Nobody sees what only callers may; the app `mobile` sees its own tenant alone, without addresses. */
function checkCaller(asked: Asked | null, reply: RawReply, { json }: Body): readonly string[] {
  const path = asked?.target.split('?')[0] ?? '';
  if (asked?.port !== 'api' || !/^\/v1\/(?:customers?|summaries)$/.test(path)) return [];
  const { status } = reply;
  if (asked.app === null || isLimitedByAddress(reply)) return checkNobody(asked, reply);
  if (asked.app !== 'mobile' || status !== 200 || asked.method === 'HEAD') return [];
  return answersIn(json as Answer | Batch).flatMap(({ tenant, interactions = [] }) => [
    ...(tenant === 'globex' ? [] : ['an answer about a tenant that is not granted']),
    ...(interactions.some((each) => 'address' in each) ? ['a field that is hidden'] : []),
  ]);
}

interface Answer {
  readonly tenant?: unknown;
  readonly interactions?: readonly object[];
}

interface Batch {
  readonly customers: readonly { readonly status: number; readonly body?: Answer }[];
}

function answersIn(json: Answer | Batch): readonly Answer[] {
  return 'customers' in json ? json.customers.flatMap(({ body }) => body ?? []) : [json];
}

/** A fault of the service: of the whole, or of one customer of a batch. */
function isFault({ status }: RawReply, { json }: Body): boolean {
  const { customers = [] } = (json ?? {}) as Partial<Batch>;
  return status === 500 || customers.some((each) => each.status === 500);
}

/** Only nobody is limited by address. */
function checkNobody({ app }: Asked, reply: RawReply): readonly string[] {
  const { status } = reply;
  if (app !== null) return ['a caller is limited by address'];
  const isForCallers = FOR_CALLERS.has(status) || (status === 429 && !isLimitedByAddress(reply));
  return isForCallers ? [`status ${status} for nobody`] : [];
}

function isLimitedByAddress({ headers }: RawReply): boolean {
  return headers.get('ratelimit')?.startsWith('"address"') ?? false;
}

function leaksIn(
  asked: Asked | null,
  { status }: RawReply,
  { body, findSecret, findAny }: { body: Body; findSecret: LeakSearch; findAny: LeakSearch },
): readonly string[] {
  const mayBeAnswer = status === 200 && (asked === null || asked.target.includes('v1'));
  const find = mayBeAnswer ? findSecret : findAny;
  return find(body.bytes).map((found) => `the body holds ${found}`);
}

/** Null if it is not what its headers say. */
function readBody({ headers, body }: RawReply): Body | null {
  try {
    const bytes = decode(headers.get('content-encoding'), body);
    const isJson = /[/+]json\b/.test(headers.get('content-type') ?? '') && bytes.length > 0;
    return { bytes, json: isJson ? JSON.parse(bytes.toString()) : undefined };
  } catch {
    return null;
  }
}

function decode(coding: string | undefined, body: Buffer): Buffer {
  if (body.length === 0) return body;
  if (coding === 'br') return brotliDecompressSync(body);
  return coding === 'gzip' ? gunzipSync(body) : body;
}

function typeOf({ json }: Body): string {
  const { type } = (json ?? {}) as { type?: unknown };
  return String(type);
}
