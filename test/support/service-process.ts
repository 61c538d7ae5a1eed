// The service in a process of its own, before a sandbox, with one tenant and one app.
import type { TestContext } from 'node:test';
import { newAppKey } from '../../src/cli/keys.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import { type ServiceProcess, startProcess } from './process.ts';

/** What a test changes about a process that would serve. */
export interface Changes {
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: object;
  readonly prelude?: string;
  /** How many requests its app may make in a minute, or in another time. */
  readonly requests?: number;
  readonly perWindow?: string;
}

/** A process that has been started, and what is needed to ask it. */
export interface StartedService {
  readonly sandbox: Sandbox;
  readonly started: ServiceProcess;
  /** The key of its app. */
  readonly key: string;
}

/** A path that finds a customer. */
export const SEARCH = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;

/** A secret for tests with Redis. */
export const CACHE_SECRET = Buffer.alloc(32, 7).toString('base64url');

/** Starts the service on free ports. */
export async function startService(
  t: TestContext,
  { env, config, prelude, requests = 9_999, perWindow = '1m' }: Changes = {},
): Promise<StartedService> {
  const sandbox = await createSandbox();
  t.after(sandbox.close);
  const { key, hash } = newAppKey('desk');
  const { tenantId, region } = TENANTS.acme;
  const file = {
    regions: sandbox.baseUrls,
    tenants: { acme: { tenantId, region, apiKeys: [{ env: 'ACME_KEY' }] } },
    apps: {
      desk: { keys: [hash], tenants: '*', scopes: ['read'], quota: { requests, per: perWindow } },
    },
    ...config,
  };
  const started = await startProcess(t, {
    env: { PORT: '0', OPS_PORT: '0', ACME_KEY: KEYS.acme, ...env },
    files: { 'config.yaml': JSON.stringify(file) },
    ...(prelude !== undefined && { prelude }),
  });
  return { sandbox, started, key };
}

/** The origins of both ports, when it listens. */
export async function listening(started: ServiceProcess): Promise<{ api: string; ops: string }> {
  const [, api = '', ops = ''] = await started.until(
    /"api":"([^"]+)","ops":"([^"]+)","msg":"listening"/,
  );
  return { api, ops };
}
