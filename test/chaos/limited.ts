// Who has little: an app with a small quota, and a tenant whose key has a small budget. The load asks for neither.
import { newAppKey } from '../../src/cli/keys.ts';
import type { SandboxAccount } from '../../src/sandbox/population.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';

const { key, hash } = newAppKey('limited');
const { tenantId, region } = TENANTS.initech;

/** What either may in a minute; far more than a minute's part of what it is asked for. */
export const LIMIT = 60;
/** The time in which. */
export const LIMIT_MS = 60_000;

const ALLOWANCE = { requests: LIMIT, per: `${LIMIT_MS}ms` };

/** The app, as the configuration has it. It may not ask for the tenant below: one app alone uses all of its budget. */
export const LIMITED_APP = {
  keys: [hash],
  tenants: ['acme', 'stale', 'lapsed'],
  scopes: ['read'],
  quota: ALLOWANCE,
};

/** The headers of its requests. */
export const LIMITED_CREDENTIAL = { 'x-app-key': key };

/** The tenant `limited`, as the configuration has it. What is held is good for when there is no call. */
export const LIMITED_TENANT = {
  tenantId,
  region,
  freshness: { open: '1s', staleWhileRevalidate: '0s', staleIfError: '1h' },
  apiKeys: [{ env: 'INITECH_KEY' }],
  budget: ALLOWANCE,
};

/** The account of the tenant, with a key of its own. Nothing is known about its customers. */
export const LIMITED_ACCOUNT: SandboxAccount = {
  name: 'limited',
  keys: [KEYS.initech],
  tenants: [{ tenantId, region, speechAnalytics: false, customers: [] }],
};
