// Names under which answers are kept: keyed hashes, so that no personal data stands in a key.
import { createHmac, createSecretKey } from 'node:crypto';
import type { CustomerQuery } from './customer-query.ts';
import type { Identity } from './identity.ts';
import { onceEach } from './once-each.ts';
import type { Tenant } from './tenant.ts';

/** Everything held about one identity shares `identity` (one Redis Cluster slot); `field` tells the parts apart. */
export interface CacheKey {
  readonly identity: string;
  readonly field: string;
  readonly kind: CacheKind;
}

/**
 * What is kept: a range without summaries, a range with summaries joined, one summary; of a complete history what is
 * held of it, and its chunks.
 */
export type CacheKind = 'range' | 'joined' | 'summary' | 'history' | 'chunk';

/** Makes the keys for queries. Different customers, ranges and tenants never share one. */
export interface CacheKeys {
  /** A customer's answer without summaries. */
  range(query: CustomerQuery): CacheKey;
  /** A customer's answer with summaries joined. */
  joined(query: CustomerQuery): CacheKey;
  /** The summary of one interaction, kept with its owner or, without one, on its own. */
  summary(query: { tenant: Tenant; owner: Identity | null }, interactionId: string): CacheKey;
  /** What is held of a customer's history, whatever the range. */
  history(query: CustomerQuery): CacheKey;
  /** One chunk of it, from 0 on. */
  chunk(query: CustomerQuery, slot: number): CacheKey;
}

const VERSION = '1';

/** @param secret the purpose's own key, 32 bytes */
export function createCacheKeys(secret: Buffer): CacheKeys {
  // Bytes would be made into a key object for each hash, which costs five times the hash.
  const key = createSecretKey(secret);
  const hash = (...parts: readonly string[]) =>
    createHmac('sha256', key).update(lengthPrefixed(parts)).digest('base64url');

  // The tenant's name alone would show old entries when it is pointed at another vendor tenant.
  const identityKey = ({ name, tenantId, region }: Tenant, by: string, value: string) =>
    `c360:${VERSION}:{${hash('identity', name, tenantId, region, by, value)}}`;

  // crmId is a part of the field: what is held with and without it is erased together.
  const customerKey = (
    { tenant, identity }: CustomerQuery,
    kind: CacheKind,
    parts: readonly (string | number)[],
  ) => ({
    identity: identityKey(tenant, identity.by, identity.value),
    field: hash(kind, identity.crmId ?? '', ...parts.map(String)),
    kind,
  });
  const rangeOf = ({ timeRange }: CustomerQuery) => Object.values(timeRange);

  return {
    range: onceEach((query) => customerKey(query, 'range', rangeOf(query))),
    joined: onceEach((query) => customerKey(query, 'joined', rangeOf(query))),
    history: onceEach((query) => customerKey(query, 'history', [])),
    chunk: (query, slot) => customerKey(query, 'chunk', [slot]),
    summary: ({ tenant, owner }, id) => ({
      identity: owner
        ? identityKey(tenant, owner.by, owner.value)
        : identityKey(tenant, 'interaction', id),
      field: hash('summary', id),
      kind: 'summary',
    }),
  };
}

/** No two lists of parts give the same text. */
function lengthPrefixed(parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('');
}
