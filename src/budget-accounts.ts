// Against what each call to the vendor is counted: the budget of the key's value, and each app's part of it.
import { createHmac } from 'node:crypto';
import type { Configuration } from './config/configuration.ts';
import type { Tenant } from './domain/tenant.ts';
import type { Account } from './resilience/fair-budget.ts';
import { shareOf } from './resilience/replicas.ts';

/** The names by which calls are counted; no key is in them, and no app. */
export interface BudgetAccounts {
  /** Those of a tenant's keys. */
  namesOf(tenant: Tenant): readonly string[];
  /** An app's equal part of the budget of one of them; null if no other app may ask with this key. */
  partOf(tenant: Tenant, keyIndex: number, app: string): Account | null;
}

/** Creates them for all tenants and apps. */
export function createBudgetAccounts({
  tenants,
  apps,
  secrets,
}: Pick<Configuration, 'tenants' | 'apps' | 'secrets'>): BudgetAccounts {
  const secret = secrets.deriveKey('names');
  const hash = (text: string) => createHmac('sha256', secret).update(text).digest('base64url');
  const namesOf = new Map(
    [...tenants.keys()].map((tenant) => [
      tenant,
      secrets.vendorKeys(tenant).map((key) => hash(`vendor-key ${key}`)),
    ]),
  );
  /** By the name of a key: the names of the parts of the apps that may ask with it. */
  const partsOf = new Map<string, Map<string, string>>();
  for (const { caller } of apps) {
    for (const name of [...caller.tenants].flatMap((tenant) => namesOf.get(tenant) ?? [])) {
      const parts = partsOf.get(name) ?? new Map<string, string>();
      partsOf.set(name, parts.set(caller.app, hash(`part ${name} ${caller.app}`)));
    }
  }
  return {
    namesOf: ({ name }) => namesOf.get(name) ?? [],
    partOf({ name: tenant, budget }, keyIndex, app) {
      const parts = partsOf.get(namesOf.get(tenant)?.[keyIndex] ?? '');
      const name = parts?.get(app);
      if (!budget || !parts || name === undefined || parts.size < 2) return null;
      return { name, allowance: shareOf(budget, parts.size) };
    },
  };
}
