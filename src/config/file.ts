// What config.yaml may hold: the schema, from which its type is taken.
import { z } from 'zod';
import { SCOPES } from '../domain/caller.ts';
import { REGIONS } from '../domain/region.ts';
import {
  BASE_URL,
  COUNTRY,
  HIDEABLE,
  KEY_HASH,
  knownTenant,
  ORIGIN,
  TENANT_ID,
} from './file-rules.ts';
import { duration, LONGEST_MS, LONGEST_TIMER_MS, oneOf, type Rule, size } from './rules.ts';
import { count, leaf, list, mapping, named, section, text } from './schema-parts.ts';

/** config.yaml with its defaults filled in, durations in milliseconds and sizes in bytes. */
export type ConfigFile = z.infer<ReturnType<typeof fileSchema>>;

/** Where a vendor's key is: an environment variable, or a file. */
export type KeyReference = { readonly env: string } | { readonly file: string };

const DURATION = duration(0, LONGEST_MS);
const TIMER = duration(1, LONGEST_TIMER_MS);

const TIME_GRID: Rule<number> = {
  read: (text) => {
    const ms = duration(1000, 86_400_000).read(text);
    return ms !== undefined && ms % 1000 === 0 ? ms : undefined;
  },
  problem: 'is not a duration of whole seconds from 1s to 1d',
  mend: 'Write a whole number and a unit, such as 30s, 1m or 1h.',
};

const KEY_REFERENCE = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  z.strictObject({ file: z.string().regex(/\S/) }),
]);

/** A reference to a vendor's key; undefined for anything else, such as a key itself. */
export function parseKeyReference(value: unknown): KeyReference | undefined {
  return KEY_REFERENCE.safeParse(value).data;
}

/** So many requests in so long. */
export const ALLOWANCE = mapping(
  { requests: count(), per: text(duration(1000, LONGEST_MS)) },
  'Write { requests: 600, per: 1m }.',
);

const TENANT = mapping(
  {
    tenantId: text(TENANT_ID),
    region: text(oneOf(REGIONS)),
    apiKeys: list(
      leaf(parseKeyReference, {
        problem: 'is not a reference to a key',
        mend: 'Write { env: NAME } or { file: path }, never the key itself.',
      }),
      'Write a list of { env: NAME } or { file: path }, one at least, never the keys themselves.',
      1,
    ),
    defaultCountry: text(COUNTRY).optional(),
    emailCaseSensitive: leaf((value) => (typeof value === 'boolean' ? value : undefined), {
      problem: 'is neither true nor false',
      mend: 'Write true or false.',
    }).prefault(false),
    timeGrid: text(TIME_GRID).prefault('1m'),
    freshness: section({
      open: text(DURATION).prefault('1m'),
      closed: text(DURATION).prefault('1d'),
      settle: text(DURATION).prefault('2d'),
      staleWhileRevalidate: text(DURATION).prefault('10m'),
      staleIfError: text(DURATION).prefault('1d'),
    }),
    budget: ALLOWANCE.optional(),
  },
  'Write the settings of the tenant below its name: tenantId, region and apiKeys at least.',
);

const CACHE = section({
  memory: text(size(1024 ** 2)).prefault('256MiB'),
  maxEntry: text(size(1)).prefault('2MiB'),
}).refine(({ memory, maxEntry }) => !(maxEntry > memory), {
  path: ['maxEntry'],
  message: 'Write a smaller cache.maxEntry (2MiB when left out), or a larger cache.memory.',
  params: { problem: 'is larger than cache.memory' },
  when: () => true, // beside a fault in the same section too
});

const UPSTREAM = section({
  deadline: text(TIMER).prefault('8s'),
  attemptTimeout: text(TIMER).prefault('4s'),
  connections: count().prefault(64),
  maxResponse: text(size(1)).prefault('8MiB'),
});

/** The schema of the whole file. `tenantNames` are those that apps may name: what `"*"` means. */
export function fileSchema(tenantNames: readonly string[]) {
  const app = mapping(
    {
      keys: list(text(KEY_HASH), 'Write ["sha256:<64 hex digits>"], one at least.', 1),
      tenants: z.preprocess(
        (value) => (value === '*' ? tenantNames : value),
        list(
          text(knownTenant(tenantNames)),
          'Write a list of names that stand under tenants, one at least, or "*".',
          Math.min(1, tenantNames.length),
        ),
      ),
      scopes: list(text(oneOf(SCOPES)), 'Write a list such as [read].').prefault(['read']),
      quota: ALLOWANCE,
      userQuota: ALLOWANCE.optional(),
      origins: list(text(ORIGIN), 'Write a list of origins in quotes.').prefault([]),
      hide: list(text(HIDEABLE), 'Write a list of fields such as [address].').prefault([]),
    },
    'Write the settings of the app below its name: keys, tenants and quota at least.',
  );
  const region = text(BASE_URL).optional();
  return mapping(
    {
      regions: section({ us: region, uk: region, ca: region, ap: region }),
      tenants: named(TENANT, 'tenant'),
      apps: named(app, 'app'),
      cache: CACHE,
      upstream: UPSTREAM,
      history: section({ maxCalls: count().prefault(64) }),
    },
    'Write the sections of config.example.yaml: tenants and apps at least.',
  );
}
