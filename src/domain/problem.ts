// The table of problems (RFC 9457): everything that a caller can be told has gone wrong.

interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** For the page that explains the type to a person. */
  readonly explanation: string;
}

/** Every problem type by its slug. `type` in a reply is `/problems/<slug>`. */
export const PROBLEMS = {
  'malformed-request': {
    status: 400,
    title: 'The request cannot be read',
    explanation:
      'The HTTP message is broken, or its path holds an escape that does not decode. Send a well-formed request.',
  },
  'invalid-request': {
    status: 400,
    title: 'The request has faults',
    explanation:
      'Parameters or body are not as the contract says. `errors` names every fault at once, each with its parameter, a code and what to change.',
  },
  'rejected-by-upstream': {
    status: 400,
    title: '8x8 refused the search',
    explanation:
      'The request passed our checks, but 8x8 answered that it is not a valid search. Repeating it within half a minute gives the same reply without asking again.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credential',
    explanation:
      'Send an app key, once: `Authorization: Bearer <app key>` or `X-App-Key: <app key>`, not both, and never in a URL.',
  },
  forbidden: {
    status: 403,
    title: 'Not granted',
    explanation:
      'This app may not use the tenant or the operation that it asked for, or the tenant does not exist.',
  },
  'not-found': {
    status: 404,
    title: 'No such route',
    explanation: 'Nothing is served at this path. `/docs` shows what is.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    explanation: 'The path exists, but not with this method. `Allow` lists the methods it has.',
  },
  'not-acceptable': {
    status: 406,
    title: 'No representation is acceptable',
    explanation: 'The media types in `Accept` are none that this route can produce.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    explanation: 'Headers and body must arrive without long pauses.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation: 'A request body may hold at most 64 KiB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is not JSON',
    explanation:
      'Send bodies as `Content-Type: application/json` in UTF-8, without a content coding.',
  },
  'quota-exceeded': {
    status: 429,
    title: 'The quota is used up',
    explanation:
      'This app has used the requests of its present window, or too many credentials from this address have failed; `violated-policies` names which. `RateLimit` and `Retry-After` say when it may go on.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    explanation:
      'Request line and headers may hold at most 16 KiB together. POST and QUERY take parameters in the body.',
  },
  'internal-error': {
    status: 500,
    title: 'A fault of this service',
    explanation:
      'Something unexpected went wrong here. The log holds it under the request id in `instance`.',
  },
  'upstream-misconfigured': {
    status: 502,
    title: '8x8 does not accept our credentials',
    explanation:
      'The 8x8 key or tenant id that this service is configured with was refused. Whoever runs the service has to mend it.',
  },
  'upstream-invalid': {
    status: 502,
    title: '8x8 answered with something unexpected',
    explanation:
      'The answer of 8x8 was not what its contract says, so it was neither used nor kept.',
  },
  'upstream-unavailable': {
    status: 503,
    title: '8x8 cannot be reached',
    explanation:
      '8x8 failed, could not be connected to, or left an attempt without an answer. Try again after `Retry-After` seconds.',
  },
  'upstream-throttled': {
    status: 503,
    title: '8x8 limits our requests',
    explanation: '8x8 asked us to slow down. Try again after `Retry-After` seconds.',
  },
  'store-unavailable': {
    status: 503,
    title: 'The shared store cannot be reached',
    explanation: 'An erasure needs the shared store. Try again after `Retry-After` seconds.',
  },
  overloaded: {
    status: 503,
    title: 'This process takes no more work',
    explanation: 'It is overloaded or shutting down. Try again after `Retry-After` seconds.',
  },
  'upstream-timeout': {
    status: 504,
    title: '8x8 took too long',
    explanation: '8x8 did not answer within the time allowed for one answer.',
  },
} as const satisfies Record<string, ProblemType>;

/** The name of a problem type. */
export type ProblemSlug = keyof typeof PROBLEMS;

/** The codes of single faults in an `invalid-request` problem. */
export type FaultCode =
  | 'identity-missing'
  | 'identity-conflict'
  | 'crm-forbidden'
  | 'crm-unsupported'
  | 'email-invalid'
  | 'phone-invalid'
  | 'phone-country-needed'
  | 'id-invalid'
  | 'customer-ambiguous'
  | 'time-invalid'
  | 'time-zone-missing'
  | 'time-range-inverted'
  | 'time-range-in-future'
  | 'time-range-conflict'
  | 'duration-invalid'
  | 'tenant-required'
  | 'parameter-unknown'
  | 'parameter-repeated'
  | 'parameter-type'
  | 'parameter-conflict'
  | 'include-unknown'
  | 'field-unknown'
  | 'history-invalid'
  | 'limit-invalid'
  | 'cursor-invalid'
  | 'ids-count'
  | 'body-invalid'
  | 'cost-above-quota';

/** One fault of a request. `detail` says what to change and never repeats a value. */
export interface Fault {
  readonly parameter: string;
  readonly code: FaultCode;
  readonly detail: string;
}

/** What a problem carries beside its type. */
export interface ProblemDetails {
  /** One sentence for this occurrence; without it the type's explanation is used. */
  readonly detail?: string;
  /** For `invalid-request`. */
  readonly errors?: readonly Fault[];
  /** Whole seconds; clamped to 1 to 600 as `Retry-After` must be. */
  readonly retryAfterSeconds?: number;
  /** For `quota-exceeded`: the names of the policies that refused. */
  readonly violatedPolicies?: readonly string[];
  /** True where the way to 8x8, not the search, has failed, and a second try may go well. */
  readonly isTransient?: boolean;
  /** A short code of what went wrong inside, for logs; never shown to a caller. */
  readonly reason?: string;
  /** The error behind it; neither shown nor logged. */
  readonly cause?: unknown;
}

const DEFAULT_RETRY_AFTER_SECONDS = 5;
const MAX_RETRY_AFTER_SECONDS = 600;
/** A vendor that names a later time is not believed. */
const LONGEST_PAUSE_MS = 3_600_000;

/** The only error that crosses a folder's border. The edge renders it as `application/problem+json`. */
export class Problem extends Error {
  readonly slug: ProblemSlug;
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(slug: ProblemSlug, details: ProblemDetails = {}) {
    super(slug, { cause: details.cause });
    this.name = 'Problem';
    this.slug = slug;
    this.status = PROBLEMS[slug].status;
    this.details = details;
  }

  /** Whole seconds from 1 to 600 for 429 and 503, else undefined. */
  get retryAfterSeconds(): number | undefined {
    if (this.status !== 429 && this.status !== 503) return undefined;
    const seconds = this.details.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS;
    return Math.min(Math.max(Math.ceil(seconds), 1), MAX_RETRY_AFTER_SECONDS);
  }
}

/** How long the vendor asked to be left alone, as far as it is believed: 0 to an hour; undefined if it did not ask. */
export function pauseAskedMs({ details }: Problem): number | undefined {
  const { retryAfterSeconds } = details;
  if (retryAfterSeconds === undefined) return undefined;
  return Math.min(Math.max(retryAfterSeconds * 1000, 0), LONGEST_PAUSE_MS);
}

/** The problem of a request with one fault, where that is told alone. */
export function invalidRequest(fault: Fault): Problem {
  return new Problem('invalid-request', { errors: [fault] });
}

/** Tells a problem of the given type, or any problem, from other errors. */
export function isProblem(error: unknown, slug?: ProblemSlug): error is Problem {
  return error instanceof Problem && (slug === undefined || error.slug === slug);
}

/** Tells the name of a problem type from other texts. */
export function isProblemSlug(text: string): text is ProblemSlug {
  return Object.hasOwn(PROBLEMS, text);
}

/** True for a failure of the way to 8x8: no connection, no answer in time, or a gateway's 502, 503 or 504. */
export function isTransient(error: unknown): error is Problem {
  return isProblem(error) && error.details.isTransient === true;
}

/** True for what may be over soon: 8x8, or the way to it, failed; it is no verdict on the search. */
export function isOutage(error: unknown): error is Problem {
  return isProblem(error) && error.status >= 500 && error.slug !== 'internal-error';
}
