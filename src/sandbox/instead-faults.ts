// Faults that put another reply in place of the vendor's.
import type { InsteadFault } from './misbehaviour.ts';
import { emptyReply, gatewayFault, jsonReply, problemReply, type Reply } from './replies.ts';

function htmlReply(status: number, heading: string): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html' },
    body: Buffer.from(`<html><body><h1>${heading}</h1></body></html>\n`),
  };
}

/** The faults by name. */
export const INSTEAD_FAULTS = {
  throttled: {
    about: '429 with Retry-After',
    option: 'retryAfterSeconds',
    instead: ({ retryAfterSeconds }) =>
      problemReply(429, 'Too many requests', { 'retry-after': String(retryAfterSeconds) }),
  },
  'throttled-reset': {
    about: '429 with x-ratelimit-reset as Unix time, without Retry-After',
    option: 'resetAfterSeconds',
    instead: ({ resetAfterSeconds }, nowAt) => {
      const resetAt = Math.floor(nowAt / 1_000) + resetAfterSeconds;
      return problemReply(429, 'Too many requests', { 'x-ratelimit-reset': String(resetAt) });
    },
  },
  'gateway-quota': {
    about: "500 with the gateway's quota fault, where 429 is meant",
    instead: () =>
      gatewayFault(500, {
        text: 'Rate limit quota violation. Quota limit exceeded.',
        code: 'policies.ratelimit.QuotaViolation',
      }),
  },
  'gateway-token': {
    about: "401 with the gateway's token fault",
    instead: () =>
      gatewayFault(401, { text: 'Invalid access token', code: 'oauth.v2.InvalidAccessToken' }),
  },
  'server-error': {
    about: '500 with a problem',
    instead: () => problemReply(500, 'Something went wrong'),
  },
  'bad-gateway': {
    about: '502 with an HTML body',
    instead: () => htmlReply(502, '502 Bad Gateway'),
  },
  unavailable: { about: '503 without a body', instead: () => emptyReply(503) },
  refused: {
    about: '400 with a problem',
    instead: () => problemReply(400, 'The search criteria are refused'),
  },
  unauthorized: { about: '401 without a body', instead: () => emptyReply(401) },
  forbidden: {
    about: '403 with a problem',
    instead: () => problemReply(403, 'The tenant is not one of this account'),
  },
  redirect: {
    about: '302 to /moved',
    instead: () => ({ ...emptyReply(302), headers: { location: '/moved' } }),
  },
  'not-found': {
    about: "404 with the gateway's fault for a path that it does not know",
    instead: () =>
      gatewayFault(404, {
        text: 'Unable to identify proxy for the path',
        code: 'messaging.adaptors.http.flow.ApplicationNotFound',
      }),
  },
  'no-content': { about: '204', instead: () => emptyReply(204) },
  html: { about: '200 with an HTML page', instead: () => htmlReply(200, 'Please sign in') },
  garbage: {
    about: '200 with bytes that are no text, called JSON',
    instead: () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('fffe0080c3281f8b0800', 'hex'),
    }),
  },
  'no-interactions': { about: '200 with {}', instead: () => jsonReply(200, {}) },
  'not-an-object': { about: '200 with []', instead: () => jsonReply(200, []) },
  empty: {
    about: '200 without a body',
    instead: () => ({ ...emptyReply(200), headers: { 'content-type': 'application/json' } }),
  },
} as const satisfies Record<string, InsteadFault>;
