// The problems that operations can answer with, grouped by status.
import { type Fault, PROBLEMS, type ProblemSlug } from '../../domain/problem.ts';
import { COMMON_HEADERS, type HeaderName, headerReferences, QUOTA_HEADERS } from './headers.ts';
import type { Reference, Response } from './operation.ts';

/** Problems of one status that come together, by the name of their component. */
const GROUPS = {
  MalformedRequest: ['malformed-request'],
  BadRequest: ['malformed-request', 'invalid-request', 'rejected-by-upstream'],
  InvalidRequest: ['malformed-request', 'invalid-request'],
  Unauthenticated: ['unauthenticated'],
  Forbidden: ['forbidden'],
  NotFound: ['not-found'],
  NotAcceptable: ['not-acceptable'],
  RequestTimeout: ['request-timeout'],
  BodyTooLarge: ['body-too-large'],
  UnsupportedMediaType: ['unsupported-media-type'],
  QuotaExceeded: ['quota-exceeded'],
  HeadersTooLarge: ['headers-too-large'],
  InternalError: ['internal-error'],
  BadGateway: ['upstream-misconfigured', 'upstream-invalid'],
  Overloaded: ['overloaded'],
  ServiceUnavailable: ['upstream-unavailable', 'upstream-throttled', 'overloaded'],
  GatewayTimeout: ['upstream-timeout'],
} as const satisfies Readonly<Record<string, readonly ProblemSlug[]>>;

/** The name of a group of problems. */
export type ProblemGroup = keyof typeof GROUPS;

/** What any operation can answer. */
export const COMMON_PROBLEMS = [
  'MalformedRequest',
  'RequestTimeout',
  'HeadersTooLarge',
  'InternalError',
  'Overloaded',
] as const satisfies readonly ProblemGroup[];

/** What an operation of `/v1` can answer beside. */
export const V1_PROBLEMS = [
  'BadRequest',
  'Unauthenticated',
  'Forbidden',
  'RequestTimeout',
  'QuotaExceeded',
  'HeadersTooLarge',
  'InternalError',
  'BadGateway',
  'ServiceUnavailable',
  'GatewayTimeout',
] as const satisfies readonly ProblemGroup[];

/** What an operation that takes a body can answer beside those. */
export const BODY_PROBLEMS = ['BodyTooLarge', 'UnsupportedMediaType'] as const;

/** What a batch as a whole can answer: what 8x8 does is told customer by customer. */
export const BATCH_PROBLEMS = [
  'InvalidRequest',
  'Unauthenticated',
  'Forbidden',
  'RequestTimeout',
  ...BODY_PROBLEMS,
  'QuotaExceeded',
  'HeadersTooLarge',
  'InternalError',
  'Overloaded',
] as const satisfies readonly ProblemGroup[];

/** Groups that can be answered before a request is counted, or to one that never is. */
const UNCOUNTED: ReadonlySet<ProblemGroup> = new Set([...COMMON_PROBLEMS, 'NotFound']);

/** Points to the responses of some groups, by status. */
export function problemReferences(groups: readonly ProblemGroup[]): Record<string, Reference> {
  return Object.fromEntries(
    groups.map((group) => [statusOf(group), { $ref: `#/components/responses/${group}` }]),
  );
}

/** The component of each group. */
export function problemResponses(): Record<string, Response> {
  const groups = Object.keys(GROUPS) as ProblemGroup[];
  return Object.fromEntries(groups.map((group) => [group, problemResponse(group)]));
}

function problemResponse(group: ProblemGroup): Response {
  const slugs: readonly ProblemSlug[] = GROUPS[group];
  const lines = slugs.map((slug) => `- \`${slug}\`: ${PROBLEMS[slug].explanation}`);
  return {
    description: lines.join('\n'),
    headers: headerReferences(headersOf(group)),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          slugs.map((slug) => [
            slug,
            { summary: PROBLEMS[slug].title, value: problemExample(slug) },
          ]),
        ),
      },
    },
  };
}

function headersOf(group: ProblemGroup): readonly HeaderName[] {
  const status = statusOf(group);
  return [
    ...COMMON_HEADERS,
    ...(UNCOUNTED.has(group) ? [] : QUOTA_HEADERS),
    ...(status === 429 || status === 503 ? (['Retry-After'] as const) : []),
    ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
  ];
}

function statusOf(group: ProblemGroup): number {
  return PROBLEMS[GROUPS[group][0]].status;
}

const FAULTS: readonly Fault[] = [
  {
    parameter: 'email',
    code: 'email-invalid',
    detail:
      'Give one address as local@domain.tld without white space or quotes; in a URL write + as %2B.',
  },
  {
    parameter: 'startTime',
    code: 'time-zone-missing',
    detail: 'Add Z or an offset such as -05:00.',
  },
];

/** A problem as it is told. */
export function problemExample(slug: ProblemSlug): object {
  const { status, title, explanation } = PROBLEMS[slug];
  return {
    type: `/problems/${slug}`,
    title,
    status,
    detail: explanation,
    instance: '6f2b1c9e-5a43-4d0b-9a59-0c6d7e1f2a3b',
    ...(slug === 'invalid-request' && { errors: FAULTS }),
    ...(slug === 'quota-exceeded' && { 'violated-policies': ['app'] }),
  };
}
