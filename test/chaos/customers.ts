// The customers of a run: each in one group, and each answer with marks that tell whose it is.
import type { Population, SandboxCustomer } from '../../src/sandbox/population.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';

/**
 * `hot`: held and fresh. `stale`: held, past its fresh time, and answered with while it is fetched anew. `lapsed`:
 * held, and good only for when 8x8 fails. `cold`: never asked for before.
 */
export const GROUPS = ['hot', 'stale', 'lapsed', 'cold'] as const;

/** How a customer is held. */
export type Group = (typeof GROUPS)[number];

/** Whom to ask for. */
export interface Customer {
  readonly group: Group;
  readonly path: string;
  readonly email: string;
  /** Begins each of its ids. */
  readonly mark: string;
}

/** What is wrong with an answer: it is about somebody else, or something is missing in it. */
export type Fault = 'wrong' | 'damaged';

/** Everybody whom the sandbox knows. */
export interface Customers {
  readonly population: Population;
  /** All that are held. */
  readonly held: readonly Customer[];
  /** Some whom the load does not ask for; in a Cluster they are not all in the same place. */
  readonly probes: readonly Customer[];
  /** Somebody of a group; each cold one once. */
  next(group: Group): Customer;
  /** Changes what 8x8 knows about a probe. Returns what its answers then hold. */
  change(probe: Customer): string;
  /** What is wrong with the body of a 200, if anything is. */
  judge(customer: Customer, body: string): Fault | null;
}

const DAY_MS = 86_400_000;
const INTERACTIONS = 3;
const PROBES = 7;
/** The sandbox looks through all whom it knows. */
const MAX_COLD = 1_000;

/** How many are held in each group. */
const HELD = { hot: 40, stale: 20, lapsed: 20 } as const;

/** The tenants of a configuration; groups differ by what is kept for how long. */
export const TENANT_SETTINGS = {
  acme: {
    ...TENANTS.acme,
    freshness: { open: '6h', staleWhileRevalidate: '1h', staleIfError: '1d' },
  },
  stale: {
    ...TENANTS.acmeUk,
    freshness: { open: '1s', staleWhileRevalidate: '5m', staleIfError: '1h' },
  },
  lapsed: {
    ...TENANTS.globex,
    freshness: { open: '1s', staleWhileRevalidate: '0s', staleIfError: '1h' },
  },
} as const;

const TENANT_OF = { hot: 'acme', cold: 'acme', stale: 'stale', lapsed: 'lapsed' } as const;

interface Received {
  readonly customer?: { readonly value?: unknown };
  readonly complete?: unknown;
  readonly interactions?: readonly {
    readonly id?: unknown;
    readonly address?: unknown;
    readonly title?: unknown;
  }[];
}

/** Makes them. Who is held is known at once, who is cold when it is asked for. */
export function createCustomers(): Customers {
  const known: Record<'acme' | 'stale' | 'lapsed', SandboxCustomer[]> = {
    acme: [],
    stale: [],
    lapsed: [],
  };
  const add = (group: Group, name: string): Customer => {
    const customer = createCustomer(group, name);
    known[TENANT_OF[group]].push(asVendorKnows(customer, 'version 1'));
    return customer;
  };
  const allHeld = Object.entries(HELD).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, number) => add(group as keyof typeof HELD, String(number))),
  );
  const byGroup = (group: Group) => allHeld.filter((customer) => customer.group === group);
  const groups = { hot: byGroup('hot'), stale: byGroup('stale'), lapsed: byGroup('lapsed') };
  const probes = Array.from({ length: PROBES }, (_, number) => add('hot', `probe-${number}`));
  const stays = known.acme.length;
  const turns = { hot: 0, stale: 0, lapsed: 0, cold: 0 };
  let version = 1;
  return {
    population: [{ name: 'chaos', keys: [KEYS.acme], tenants: tenantsOf(known) }],
    held: allHeld,
    probes,
    next(group) {
      turns[group] += 1;
      if (group === 'cold') {
        if (known.acme.length >= stays + MAX_COLD) known.acme.splice(stays, MAX_COLD / 2);
        return add('cold', String(turns.cold));
      }
      const held = groups[group];
      const customer = held[turns[group] % held.length];
      if (customer === undefined) throw new RangeError(`Nobody is ${group}.`);
      return customer;
    },
    change(probe) {
      version += 1;
      known.acme[stays - PROBES + probes.indexOf(probe)] = asVendorKnows(
        probe,
        `version ${version}`,
      );
      return `version ${version}`;
    },
    judge,
  };
}

function createCustomer(group: Group, name: string): Customer {
  const mark = `${group}-${name}`;
  const email = `${mark}@example.com`;
  const path = `/v1/customer?tenant=${TENANT_OF[group]}&email=${encodeURIComponent(email)}`;
  return { group, path, email, mark };
}

function asVendorKnows({ email, mark }: Customer, title: string): SandboxCustomer {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const interactions = Array.from({ length: INTERACTIONS }, (_, index) => ({
    interactionId: `${mark}-${index}`,
    mediaIdentifier: email,
    mediaType: 'EMAIL' as const,
    direction: 'INBOUND' as const,
    productType: 'CC' as const,
    startedAt: today - (index + 1) * DAY_MS,
    endedAt: today - (index + 1) * DAY_MS + 60_000,
    wrapUpCodes: ['resolved'],
    queueName: 'Support',
    interactionLabels: [],
    title,
    emailSubject: null,
    departmentName: null,
    signals: [],
  }));
  return { email: [email], phoneNumber: [], contactId: [], accountId: [], interactions };
}

function tenantsOf(known: Readonly<Record<keyof typeof TENANT_SETTINGS, SandboxCustomer[]>>) {
  return (['acme', 'stale', 'lapsed'] as const).map((name) => {
    const { tenantId, region } = TENANT_SETTINGS[name];
    return { tenantId, region, speechAnalytics: false, customers: known[name] };
  });
}

function judge({ email, mark }: Customer, body: string): Fault | null {
  const { customer, complete, interactions }: Received = JSON.parse(body);
  if (customer?.value !== email || interactions === undefined) return 'wrong';
  const isOthers = interactions.some(
    ({ id, address }) =>
      !String(id).startsWith(`${mark}-`) || (address !== null && address !== email),
  );
  if (isOthers) return 'wrong';
  const isWhole =
    complete === true &&
    interactions.length === INTERACTIONS &&
    interactions.every(
      ({ address, title }) => address === email && String(title).startsWith('version '),
    );
  return isWhole ? null : 'damaged';
}
