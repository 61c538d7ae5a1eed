// The standard population: deterministic, and always within the default range of one year.
// Instants are relative to the midnight (UTC) before the instant given; all else is fixed.
import type { Region } from '../domain/region.ts';
import { CUSTOMERS, type Persona } from './customers.ts';
import { makeInteractions } from './interactions.ts';
import { KEYS, type StandardTenant, TENANTS } from './tenants.ts';
import type { VendorInteraction } from './vendor-shapes.ts';

const DAY_MS = 86_400_000;

/** All that the sandbox knows: accounts, each with its keys and tenants. */
export type Population = readonly SandboxAccount[];

/** A customer account of the vendor's. Each of its keys opens each of its tenants. */
export interface SandboxAccount {
  readonly name: string;
  readonly keys: readonly string[];
  readonly tenants: readonly SandboxTenant[];
}

/** A tenant, which lives in one region. */
export interface SandboxTenant {
  readonly tenantId: string;
  readonly region: Region;
  /** Without this licence sentiment and topics are absent and insights are null. */
  readonly speechAnalytics: boolean;
  readonly customers: readonly SandboxCustomer[];
}

/** A customer, who is found by each of the identities. Several may share an identity. */
export interface SandboxCustomer {
  readonly email: readonly string[];
  readonly phoneNumber: readonly string[];
  readonly contactId: readonly string[];
  readonly accountId: readonly string[];
  readonly interactions: readonly VendorInteraction[];
}

/** The standard population as of the day of `nowAt` (Unix time in milliseconds). */
export function standardPopulation(nowAt: number): Population {
  const dayAt = Math.floor(nowAt / DAY_MS) * DAY_MS;
  const account = (name: StandardTenant['account'], keys: readonly string[]): SandboxAccount => ({
    name,
    keys,
    tenants: Object.entries(TENANTS)
      .filter(([, tenant]) => tenant.account === name)
      .map(([tenantName, tenant]) => populate(tenantName, tenant, dayAt)),
  });
  return [
    account('acme', [KEYS.acme]),
    account('globex', [KEYS.globex]),
    account('initech', [KEYS.initech, KEYS.initechNext]),
  ];
}

function populate(name: string, tenant: StandardTenant, dayAt: number): SandboxTenant {
  const { tenantId, region, speechAnalytics } = tenant;
  const personas: readonly Persona[] = Object.values(CUSTOMERS);
  return {
    tenantId,
    region,
    speechAnalytics,
    customers: personas
      .filter(({ onlyIn }) => onlyIn === undefined || onlyIn === name)
      .map((persona) => ({
        email: given(persona.email, persona.otherEmail),
        phoneNumber: given(persona.phoneNumber),
        contactId: given(persona.contactId),
        accountId: given(persona.accountId),
        interactions: makeInteractions({ tenantId, speechAnalytics, persona, dayAt }),
      })),
  };
}

function given(...values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined);
}
