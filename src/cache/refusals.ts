// The layer that remembers for a while that the vendor refused a search, so that it is not asked again at once.
import { LRUCache } from 'lru-cache';
import type { CacheKey } from '../domain/cache-key.ts';
import { isProblem, type Problem } from '../domain/problem.ts';
import type { Layer } from '../domain/source.ts';
import { placeName } from './place.ts';

interface RefusalsOptions<Query> {
  readonly keyOf: (query: Query) => CacheKey;
  readonly rememberMs: number;
  readonly now: () => number;
}

const MAX_REMEMBERED = 10_000;

/** Repeats a `rejected-by-upstream` for `rememberMs`, refreshes included, and lets everything else pass. */
export function rememberRefusals<Query, Answer>({
  keyOf,
  rememberMs,
  now,
}: RefusalsOptions<Query>): Layer<Query, Answer> {
  const refusals = new LRUCache<string, { problem: Problem; until: number }>({
    max: MAX_REMEMBERED,
  });
  return (next) => async (query, context) => {
    const name = placeName(keyOf(query));
    const refusal = refusals.get(name);
    if (refusal && now() < refusal.until) throw refusal.problem;
    try {
      return await next(query, context);
    } catch (error) {
      if (isProblem(error, 'rejected-by-upstream')) {
        refusals.set(name, { problem: error, until: now() + rememberMs });
      }
      throw error;
    }
  };
}
