// Where an entry is kept: its identity, and the field of it; the same names in memory, in Redis and in messages.
import type { CacheKey } from '../domain/cache-key.ts';

/** A key without the kind of what is kept. */
export type Place = Pick<CacheKey, 'identity' | 'field'>;

/** One text for a place. Identities end in a brace, so that no two places share one. */
export function placeName({ identity, field }: Place): string {
  return identity + field;
}
