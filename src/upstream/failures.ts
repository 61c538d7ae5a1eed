// The one place that maps what can go wrong with the vendor to problems.
import { errors } from 'undici';
import { z } from 'zod';
import { Problem } from '../domain/problem.ts';
import type { UpstreamResponse } from './whole-response.ts';

/** 401 or 403: our key or tenant id was refused. Another key may help in the first case only. */
export class KeyRefused extends Problem {
  readonly upstreamStatus: number;

  constructor(upstreamStatus: number) {
    super('upstream-misconfigured', { reason: `status ${upstreamStatus}` });
    this.upstreamStatus = upstreamStatus;
  }
}

/** The vendor's gateway reports its own faults in a shape of their own. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const gatewayFault = z.object({ fault: z.object({ detail: z.object({ errorcode: z.string() }) }) });

/** Bad Gateway, Service Unavailable, Gateway Timeout. A 500 may be about this one customer. */
const TRANSIENT: ReadonlySet<number> = new Set([502, 503, 504]);

/** The problem of a call to which no whole response came. */
export function transportProblem(error: unknown): Problem {
  const isInvalid =
    error instanceof errors.ResponseExceededMaxSizeError ||
    error instanceof errors.HTTPParserError ||
    error instanceof errors.HeadersOverflowError;
  const about = { reason: reasonOf(error), cause: error };
  if (isInvalid) return new Problem('upstream-invalid', about);
  return new Problem('upstream-unavailable', { ...about, isTransient: true });
}

/** The system's or undici's code, such as `ECONNREFUSED`, or the error's name, such as `TimeoutError`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The problem of a response, or undefined for a 200. */
export function responseProblem(response: UpstreamResponse, now: number): Problem | undefined {
  const { status } = response;
  if (status === 200) return undefined;
  const fault = status < 400 ? '' : gatewayFaultOf(response);
  const retryAfterSeconds = readRetryAfter(response, now);
  const details = {
    reason: `status ${status}`,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  // The gateway may answer a spent quota as a 500 with this fault (CONTRACT: errors).
  if (status === 429 || fault.startsWith('policies.ratelimit.')) {
    return new Problem('upstream-throttled', details);
  }
  if (fault.startsWith('oauth.')) return new KeyRefused(401);
  if (status === 400) return new Problem('rejected-by-upstream', details);
  if (status === 401 || status === 403) return new KeyRefused(status);
  if (status < 500) return new Problem('upstream-invalid', details);
  return new Problem('upstream-unavailable', { ...details, isTransient: TRANSIENT.has(status) });
}

/** The code of a fault of the gateway's own, or nothing. */
function gatewayFaultOf({ body }: UpstreamResponse): string {
  const parsed = gatewayFault.safeParse(parseJson(body));
  return parsed.success ? parsed.data.fault.detail.errorcode : '';
}

/** Seconds from `Retry-After` (seconds or a date, RFC 9110 §10.2.3) or `x-ratelimit-reset` (Unix seconds). */
function readRetryAfter({ headers }: UpstreamResponse, now: number): number | undefined {
  const retryAfter = readHeader(headers['retry-after']);
  const untilDate = (Date.parse(retryAfter) - now) / 1000;
  const untilReset = readSeconds(readHeader(headers['x-ratelimit-reset'])) - now / 1000;
  return [readSeconds(retryAfter), untilDate, untilReset].find((seconds) => !Number.isNaN(seconds));
}

function readHeader(value: UpstreamResponse['headers'][string]): string {
  return typeof value === 'string' ? value : '';
}

function readSeconds(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** The JSON of a body, or undefined if it is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(UTF_8.decode(body));
  } catch {
    return undefined;
  }
}
