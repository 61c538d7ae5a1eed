// The simulated 8x8: a server with four regions, faults to switch on and a record of its calls.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Region } from '../domain/region.ts';
import { type Calls, createCalls } from './calls.ts';
import type { Habits } from './customer-answer.ts';
import { afterDelay } from './delay.ts';
import { FAULTS_PATH, serveFaultSwitch } from './fault-switch.ts';
import { createFaults, type Faults, misbehave } from './faults.ts';
import { type Population, standardPopulation } from './population.ts';
import { send } from './replies.ts';
import { readTarget } from './target.ts';
import { createVendor } from './vendor.ts';

const MAX_CALLS = 10_000;
const KEEP_ALIVE_MS = 65_000;

/** How the sandbox behaves. All of it has a default, the habits included. */
export interface SandboxOptions extends Partial<Habits> {
  /** The address to listen on (127.0.0.1). */
  readonly host?: string;
  /** The port to listen on (0: any that is free). */
  readonly port?: number;
  /** Milliseconds before each reply (0). */
  readonly latencyMs?: number;
  /** The clock: Unix time in milliseconds. */
  readonly now?: () => number;
  /** Whom it knows (the standard population, as of the start). */
  readonly population?: Population;
}

/** A sandbox that listens. */
export interface Sandbox {
  readonly port: number;
  /** One for each region, without a trailing slash. */
  readonly baseUrls: Readonly<Record<Region, string>>;
  readonly faults: Faults;
  readonly calls: Calls;
  /** Stops listening and ends every connection, also those that wait for a reply. */
  close(): Promise<void>;
}

/**
 * Starts a sandbox.
 * @throws the system's error if it cannot listen.
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, latencyMs = 0, now = Date.now } = options;
  const order = options.order ?? 'newest';
  const vendor = createVendor(options.population ?? standardPopulation(now()), {
    order,
    keeps: options.keeps ?? order,
    bounds: options.bounds ?? 'both',
    rangeOf: options.rangeOf ?? 'startedAt',
  });
  const faults = createFaults();
  const calls = createCalls(MAX_CALLS);

  const receive = (request: IncomingMessage, response: ServerResponse): void => {
    const { method = '', url = '', headers } = request;
    const target = readTarget(url);
    if (target.path === FAULTS_PATH) {
      void serveFaultSwitch(faults, request, response);
      return;
    }
    request.resume();
    const fault = target.region === null ? undefined : faults.strike(target);
    const key = request.headersDistinct['x-api-key']?.join(', ');
    const nowAt = now();
    const honest = () => vendor({ method, target, key, nowAt });
    calls.record({ ...target, method, headers }, response);
    afterDelay(response, latencyMs, () => {
      if (fault === undefined) send(response, honest());
      else misbehave(fault, response, { honest, nowAt });
    });
  };

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, receive);
  server.listen(port, host);
  await once(server, 'listening');
  const listensOn = portOf(server.address());
  let closed: Promise<unknown> | undefined;

  return {
    port: listensOn,
    baseUrls: baseUrlsAt(host, listensOn),
    faults,
    calls,
    async close() {
      closed ??= once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('Not a TCP address');
  return address.port;
}

function baseUrlsAt(host: string, port: number): Record<Region, string> {
  const isAnyAddress = host === '0.0.0.0' || host === '::';
  const name = isAnyAddress ? '127.0.0.1' : host;
  const origin = `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
  return {
    us: `${origin}/us`,
    uk: `${origin}/uk`,
    ca: `${origin}/ca`,
    ap: `${origin}/ap`,
  };
}
