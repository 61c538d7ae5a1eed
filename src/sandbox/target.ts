// What a request line asks for.

import { REGIONS, type Region } from '../domain/region.ts';

/** The two endpoints of the API; all else is `other`. */
export const ENDPOINTS = ['interactions', 'summaries', 'other'] as const;

/** One of the two endpoints, or `other`. */
export type Endpoint = (typeof ENDPOINTS)[number];

/** A request line, taken apart. */
export interface Target {
  /** Path and query as they came. */
  readonly url: string;
  readonly path: string;
  readonly region: Region | null;
  readonly endpoint: Endpoint;
  /** Decoded; null on other paths than those of the endpoints. */
  readonly tenantId: string | null;
  /** Decoded names and values in the order given. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** Whether all percent escapes are well-formed UTF-8. */
  readonly isWellFormed: boolean;
}

const ROUTE = /^\/v1\/public\/tenants\/([^/]+)\/(interactions-insight|transcript-summaries)$/;

/** Takes a request line's path and query apart. */
export function readTarget(url: string): Target {
  const [path = '', ...rest] = url.split('?');
  const query = rest.join('?');
  const region = REGIONS.find((code) => path.startsWith(`/${code}/`)) ?? null;
  const route = region === null ? null : ROUTE.exec(path.slice(region.length + 1));
  const tenantId = decode(route?.[1] ?? '');
  const isKnown = route !== null && tenantId !== null;
  return {
    url,
    path,
    region,
    endpoint: isKnown ? endpointOf(route[2]) : 'other',
    tenantId: isKnown ? tenantId : null,
    parameters: [...new URLSearchParams(query)],
    isWellFormed: decode(query) !== null,
  };
}

function endpointOf(name: string | undefined): Endpoint {
  return name === 'interactions-insight' ? 'interactions' : 'summaries';
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
