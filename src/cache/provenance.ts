// Where the parts of an answer came from, added up, and as events.
import type { CacheKind } from '../domain/cache-key.ts';
import { freshness, type Instants } from '../domain/freshness.ts';
import type { Provenance } from '../domain/source.ts';
import type { ServiceEvent } from '../telemetry/events.ts';
import type { Wish } from './plan.ts';

/** A part of an answer. */
export interface Provided {
  readonly instants: Instants;
  readonly provenance: Provenance;
}

type CacheRead = Extract<ServiceEvent, { type: 'cache-read' }>;

/** What fetching is called for one who asks for it. */
export function fetchOutcome({ refresh }: Pick<Wish, 'refresh'>): 'refresh' | 'miss' {
  return refresh ? 'refresh' : 'miss';
}

/** The provenance of a fetch as one of those sees it who waited for it, and may have wanted something else of it. */
export function asSeenBy(provenance: Provenance, wish: Wish, collapsed: boolean): Provenance {
  if (provenance.outcome === 'hit' || provenance.outcome === 'stale') return provenance;
  const isCollapsed = provenance.collapsed || collapsed;
  return { ...provenance, outcome: fetchOutcome(wish), collapsed: isCollapsed };
}

/** The provenance of an answer made of parts: stale if one is, else fetched if one is, else a hit. */
export function joinProvenances(provenances: readonly Provenance[]): Provenance {
  const stale = provenances.find(({ outcome }) => outcome === 'stale');
  if (stale) return stale;
  const fetched = provenances.flatMap((each) =>
    each.outcome === 'miss' || each.outcome === 'refresh' ? [each] : [],
  );
  const [first] = fetched;
  if (first) {
    const stored = fetched.every((each) => each.stored);
    const collapsed = fetched.every((each) => each.collapsed);
    return { outcome: first.outcome, stored, collapsed };
  }
  const isMemory = provenances.every((each) => each.outcome === 'hit' && each.tier === 'memory');
  return { outcome: 'hit', tier: isMemory ? 'memory' : 'redis' };
}

/** What happened for each kind of outcome among the parts. */
export function readEvents(kind: CacheKind, parts: readonly Provided[], now: number) {
  const events = new Map<string, CacheRead>();
  for (const part of parts) {
    const event = readEvent(kind, part, now);
    const name = `${event.outcome} ${event.tier} ${event.reason}`;
    events.set(name, { ...event, count: (events.get(name)?.count ?? 0) + 1 });
  }
  return [...events.values()];
}

/** What happened for one answer. */
export function readEvent(
  kind: CacheKind,
  { instants, provenance }: Provided,
  now: number,
): CacheRead {
  const read = { type: 'cache-read', kind, count: 1 } as const;
  const { outcome } = provenance;
  if (outcome === 'stale') {
    return { ...read, outcome: 'stale-if-error', tier: 'none', reason: provenance.reason };
  }
  if (outcome !== 'hit') return { ...read, outcome, tier: 'none' };
  const isFresh = freshness(instants, now) === 'fresh';
  return { ...read, outcome: isFresh ? 'hit' : 'stale', tier: provenance.tier };
}
