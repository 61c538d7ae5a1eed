// The accounts of the standard population: their tenants and their keys, which open nothing else.
import type { Region } from '../domain/region.ts';

/** The keys that the sandbox accepts. `initech` has two valid keys, as while one is rotated. */
export const KEYS = {
  acme: 'eght_sandbox-acme-5wqk2ZtVn8',
  globex: 'eght_sandbox-globex-9dRmXc4yLp',
  initech: 'eght_sandbox-initech-old-Jf7sTb3uQa',
  initechNext: 'eght_sandbox-initech-next-Hv6gWe1oNz',
} as const;

/** A tenant of the standard population. */
export interface StandardTenant {
  readonly tenantId: string;
  readonly region: Region;
  /** The account to which it belongs: the one whose keys open it. */
  readonly account: 'acme' | 'globex' | 'initech';
  /** Whether it has the Speech Analytics licence: sentiment, topics and insights. */
  readonly speechAnalytics: boolean;
}

/** The tenants, one in each region. Account `acme` has two; `globex` has no Speech Analytics. */
export const TENANTS = {
  acme: {
    tenantId: 'acvcc1652172111112801',
    region: 'us',
    account: 'acme',
    speechAnalytics: true,
  },
  acmeUk: {
    tenantId: 'acvcc1652172111112802',
    region: 'uk',
    account: 'acme',
    speechAnalytics: true,
  },
  globex: {
    tenantId: 'glbx01734005517723301',
    region: 'ca',
    account: 'globex',
    speechAnalytics: false,
  },
  initech: {
    tenantId: 'intch1701388800450701',
    region: 'ap',
    account: 'initech',
    speechAnalytics: true,
  },
} as const satisfies Record<string, StandardTenant>;

/** The name of a tenant of the standard population. */
export type StandardTenantName = keyof typeof TENANTS;
