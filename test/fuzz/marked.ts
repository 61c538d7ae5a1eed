// The marked values of a run: who is asked for, and what must never leave the process.
import { newAppKey } from '../../src/cli/keys.ts';
import { createChance } from '../../src/sandbox/chance.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { makeInteractions } from '../../src/sandbox/interactions.ts';
import { type Population, standardPopulation } from '../../src/sandbox/population.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import type { Marks } from '../support/marks.ts';

/** The apps of a run. What each may do stands in `world.ts`. */
export const APPS = ['desk', 'mobile', 'reader', 'blind', 'tiny'] as const;

/** The name of one of the apps. */
export type AppName = (typeof APPS)[number];

/** An app's key and its hash, by app. */
export type AppKeys = Readonly<Record<AppName, { readonly key: string; readonly hash: string }>>;

/** Stands in every value that is made up, so that none of them has to be remembered. */
export const TOKEN = 'Mxyzptlk-7731-Wuzzle';

/** A customer whom the simulated 8x8 knows, each value being a mark. */
export const MARKED = {
  email: 'Zaphod.Quibblesnort+vip@marked-domain.example',
  phoneNumber: '+16285550174',
  contactId: 'contact/Frobnicate:7731',
  accountId: 'account Wuzzleworth,5520',
  interactionId: 'int-Gribblefax-0001',
} as const;

export const CACHE_SECRET = Buffer.from('marked-cache-secret-0123456789abcdef').toString(
  'base64url',
);

export const REDIS_PASSWORD = 'marked-redis-password-Zark-8420';

/** The keys of the apps; equal seeds make equal keys. */
export function appKeysOf(seed: number): AppKeys {
  const chance = createChance(`keys ${seed}`);
  const bytes = (count: number) =>
    Buffer.from(Array.from({ length: count }, () => chance.between(0, 255)));
  const [desk, mobile, reader, blind, tiny] = APPS.map((app) => newAppKey(app, bytes));
  if (!desk || !mobile || !reader || !blind || !tiny) throw new Error('An app has no key.');
  return { desk, mobile, reader, blind, tiny };
}

/** What may be in no reply at all. */
export function secretMarks(keys: AppKeys): Marks {
  const { acme, globex, initech } = KEYS;
  return {
    ...Object.fromEntries(APPS.map((app) => [`key of ${app}`, keys[app].key])),
    ...Object.fromEntries(
      Object.entries({ acme, globex, initech }).map(([name, key]) => [`8x8 key of ${name}`, key]),
    ),
    ...Object.fromEntries(
      Object.entries(TENANTS).map(([name, { tenantId }]) => [`8x8 tenant of ${name}`, tenantId]),
    ),
    cacheSecret: CACHE_SECRET,
    redisPassword: REDIS_PASSWORD,
  };
}

/** What may be in an answer about a customer, and nowhere else. */
export function customerMarks(): Marks {
  const { ada, busy, fifty } = CUSTOMERS;
  return {
    ...MARKED,
    token: TOKEN,
    adaEmail: ada.email,
    adaPhone: ada.phoneNumber,
    busyEmail: busy.email,
    busyPhone: busy.phoneNumber,
    busyAccount: busy.accountId,
    fiftyEmail: fifty.email,
    fiftyPhone: fifty.phoneNumber,
  };
}

/** The standard population, in which tenant `acme` has one more customer: the marked one. */
export function markedPopulation(nowAt: number): Population {
  const { email, phoneNumber, contactId, accountId } = MARKED;
  const { tenantId, speechAnalytics } = TENANTS.acme;
  const persona = { name: 'Zaphod Quibblesnort', email, phoneNumber, contactId, recent: 3 };
  const customer = {
    email: [email],
    phoneNumber: [phoneNumber],
    contactId: [contactId],
    accountId: [accountId],
    interactions: makeInteractions({ tenantId, speechAnalytics, persona, dayAt: nowAt }),
  };
  return standardPopulation(nowAt).map((account) => ({
    ...account,
    tenants: account.tenants.map((tenant) =>
      tenant.tenantId === tenantId
        ? { ...tenant, customers: [...tenant.customers, customer] }
        : tenant,
    ),
  }));
}
