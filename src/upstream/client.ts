// The HTTP client for the vendor: one undici agent a region, and nothing on the wire but what is listed here.
import { Agent } from 'undici';
import { byRegion, type Region } from '../domain/region.ts';
import { collectResponse, type UpstreamResponse } from './whole-response.ts';

/** One call: where it goes and what it asks. Nothing of an inbound request is in it. */
export interface UpstreamCall {
  readonly region: Region;
  readonly tenantId: string;
  readonly resource: 'interactions-insight' | 'transcript-summaries';
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** Sends calls. */
export interface UpstreamClient {
  /** Rejects with undici's error, or the signal's reason, when no whole response came. */
  send(call: UpstreamCall, key: string, signal?: AbortSignal): Promise<UpstreamResponse>;
  /** Ends all connections, calls under way included. */
  close(): Promise<void>;
}

interface ClientOptions {
  /** Without a trailing slash. */
  readonly baseUrls: Readonly<Record<Region, string>>;
  /** The most connections to a region. */
  readonly connections: number;
  /** The most bytes of a response's body. */
  readonly maxResponseBytes: number;
  /** The longest wait for a connection, in milliseconds. */
  readonly connectTimeoutMs: number;
}

/** Creates a client. Redirects are not followed, content codings not accepted. */
export function createUpstreamClient(options: ClientOptions): UpstreamClient {
  const { baseUrls, connections, maxResponseBytes, connectTimeoutMs } = options;
  const connect = (region: Region) => {
    const { origin, pathname } = new URL(baseUrls[region]);
    const agent = new Agent({
      allowH2: false,
      connections,
      maxResponseSize: maxResponseBytes,
      connect: { timeout: connectTimeoutMs },
    });
    return { agent, origin, prefix: pathname.replace(/\/$/, '') };
  };
  const regions = byRegion(connect);
  return {
    async send(call, key, signal) {
      const { agent, origin, prefix } = regions[call.region];
      const path = `${prefix}${pathOf(call)}`;
      const { handler, whole } = collectResponse(signal);
      const headers = {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'x-api-key': key,
      };
      agent.dispatch({ origin, path, method: 'GET', headers }, handler);
      return whole;
    },
    async close() {
      await Promise.all(Object.values(regions).map(({ agent }) => agent.destroy()));
    },
  };
}

/** Each character outside of the unreserved ones is escaped, so that `+` arrives as a plus. */
function pathOf({ tenantId, resource, parameters }: UpstreamCall): string {
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `/v1/public/tenants/${encodeURIComponent(tenantId)}/${resource}?${query}`;
}
