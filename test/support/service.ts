// The whole service for one test: real sockets before a sandbox, its events and everything it logged.
import { pino } from 'pino';
import { type Service as App, buildApp } from '../../src/app.ts';
import { newAppKey } from '../../src/cli/keys.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import type { CallerTimeouts } from '../../src/edge/server.ts';
import type { Shortage } from '../../src/resilience/load-gauge.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import type { ServiceEvent } from '../../src/telemetry/events.ts';
import { createEventLog, type EventLog } from './events.ts';

/** How a service differs from the usual one. */
export interface ServiceOptions {
  /** Settings of the app `desk`, in YAML's flow style: `scopes: [read], quota: {…}`. */
  readonly desk?: Readonly<Record<string, unknown>>;
  /** The same of the app `other`. */
  readonly other?: Readonly<Record<string, unknown>>;
  /** Settings of tenants, beside those they need. */
  readonly tenants?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Other sections of the file. */
  readonly sections?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly sandbox?: SandboxOptions;
  /** A sandbox that is there already, to share it. */
  readonly shared?: Sandbox;
  readonly now?: () => number;
  /** At least 0, less than 1; absent: always 0.5, so that nothing varies. */
  readonly random?: () => number;
  /** What the process is short of; absent: of nothing, whatever else the machine does. */
  readonly shortage?: () => Shortage | null;
  /** The longest wait for a command of Redis; absent: so long that a busy machine is not taken for a slow Redis. */
  readonly redisTimeoutMs?: number;
  /** How long callers may take, where it is not the usual. */
  readonly callerTimeouts?: Partial<CallerTimeouts>;
}

/** A running service. It ends with the test. */
export interface Service {
  readonly url: string;
  readonly opsUrl: string;
  readonly app: App;
  readonly sandbox: Sandbox;
  readonly events: EventLog;
  /** Everything logged so far, at every level. */
  logs(): string;
  /** A key of the app `desk` (all tenants, every scope), `mobile` (globex, read, no address) or `other` (acme). */
  readonly keys: Readonly<Record<'desk' | 'mobile' | 'other', string>>;
  /** Asks as the app `desk`. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Asks as the app `desk` with a JSON body. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

/** The key that tests put into the environment for tenant `acme`. */
export const VENDOR_KEYS = { acme: KEYS.acme, globex: KEYS.globex, initech: KEYS.initech };

const CACHE_SECRET = Buffer.alloc(32, 3).toString('base64url');

/** What a service ends with: a test, or, by the `after` of `node:test`, the tests of a file. */
interface Scope {
  after(end: () => unknown): void;
}

/** Starts a service with four tenants, one in each region, and three apps. */
export async function startService(t: Scope, options: ServiceOptions = {}): Promise<Service> {
  const sandbox = options.shared ?? (await createSandbox(options.sandbox));
  const apps = { desk: newAppKey('desk'), mobile: newAppKey('mobile'), other: newAppKey('other') };
  const hashes = { desk: apps.desk.hash, mobile: apps.mobile.hash, other: apps.other.hash };
  const file = JSON.stringify(configFile(options, sandbox, hashes));
  const configuration = loadConfiguration({
    env: {
      PORT: '0',
      OPS_PORT: '0',
      LOG_LEVEL: 'trace',
      CACHE_SECRET,
      ACME_KEY: VENDOR_KEYS.acme,
      GLOBEX_KEY: VENDOR_KEYS.globex,
      INITECH_KEY: VENDOR_KEYS.initech,
      ...options.env,
    },
    readFile: () => file,
  });
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const events = createEventLog();
  const app = await buildApp(configuration, logger, {
    subscriber: (event: ServiceEvent) => events.add(event),
    redisTimeoutMs: options.redisTimeoutMs ?? 2_000,
    random: options.random ?? (() => 0.5),
    shortage: options.shortage ?? (() => null),
    ...(options.now && { now: options.now }),
    ...(options.callerTimeouts && { callerTimeouts: options.callerTimeouts }),
  });
  await app.api.listen({ ...configuration.listen });
  await app.ops.listen({ ...configuration.ops });
  t.after(async () => {
    await app.drain({ delayMs: 0, graceMs: 0 });
    if (!options.shared) await sandbox.close();
  });
  const url = app.api.listeningOrigin;
  const keys = { desk: apps.desk.key, mobile: apps.mobile.key, other: apps.other.key };
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { authorization: `Bearer ${keys.desk}`, ...(init.headers as object) },
    });
  return {
    url,
    opsUrl: app.ops.listeningOrigin,
    app,
    sandbox,
    events,
    logs: () => lines.join(''),
    keys,
    ask,
    post: (path, body, init = {}) =>
      ask(path, {
        method: 'POST',
        ...init,
        headers: { 'content-type': 'application/json', ...(init.headers as object) },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}

/** JSON is YAML. */
function configFile(
  options: ServiceOptions,
  sandbox: Sandbox,
  hashes: Readonly<Record<'desk' | 'mobile' | 'other', string>>,
): object {
  const quota = { requests: 10_000, per: '1m' };
  const tenant = (name: 'acme' | 'acmeUk' | 'globex' | 'initech', key: string) => ({
    tenantId: TENANTS[name].tenantId,
    region: TENANTS[name].region,
    apiKeys: [{ env: key }],
    defaultCountry: 'US',
    ...options.tenants?.[name === 'acmeUk' ? 'acme-uk' : name],
  });
  return {
    regions: sandbox.baseUrls,
    tenants: {
      acme: tenant('acme', 'ACME_KEY'),
      'acme-uk': tenant('acmeUk', 'ACME_KEY'),
      globex: tenant('globex', 'GLOBEX_KEY'),
      initech: tenant('initech', 'INITECH_KEY'),
    },
    apps: {
      desk: {
        keys: [hashes.desk],
        tenants: '*',
        scopes: ['read', 'summaries', 'refresh'],
        quota,
        origins: ['https://desk.example.com'],
        ...options.desk,
      },
      mobile: { keys: [hashes.mobile], tenants: ['globex'], quota, hide: ['address'] },
      other: {
        keys: [hashes.other],
        tenants: ['acme'],
        quota,
        origins: ['https://other.example.com'],
        ...options.other,
      },
    },
    ...options.sections,
  };
}
