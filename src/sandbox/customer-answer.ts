// Answers a customer search: which interactions, in which order, and their aggregates.
import { insightsOf } from './insights.ts';
import type { SandboxTenant } from './population.ts';
import type { Search, SearchBy } from './search.ts';
import type { VendorInsights, VendorInteraction } from './vendor-shapes.ts';

/** At most so many interactions come back. */
const MAX_INTERACTIONS = 50;

/** An order of interactions; `shuffled` is arbitrary, but always the same. */
export type Order = 'newest' | 'oldest' | 'shuffled';

/** The undocumented matters, each of which may be chosen. */
export interface Habits {
  /** In which order interactions come. */
  readonly order: Order;
  /** Which 50 come when there are more: the first in this order. */
  readonly keeps: Order;
  /** Which bounds of the time range belong to it. */
  readonly bounds: 'both' | 'start' | 'neither';
  /** What the time range is about. An interaction without `endedAt` counts by its `startedAt`. */
  readonly rangeOf: 'startedAt' | 'endedAt';
}

/** The body of a 200. */
export interface CustomerAnswer {
  readonly interactions: readonly VendorInteraction[];
  readonly insights: VendorInsights | null;
}

/** The answer to a search. A customer that the tenant does not know has no interactions. */
export function answerSearch(
  tenant: SandboxTenant,
  search: Search,
  habits: Habits,
): CustomerAnswer {
  const interactions = tenant.customers
    .filter((customer) => hasIdentity(customer[search.by], search.by, search.value))
    .flatMap((customer) => customer.interactions)
    .filter((interaction) => isInRange(interaction, search, habits))
    .sort(COMPARE[habits.keeps])
    .slice(0, MAX_INTERACTIONS)
    .sort(COMPARE[habits.order]);
  return { interactions, insights: tenant.speechAnalytics ? insightsOf(interactions) : null };
}

// Emails match without regard to case, everything else exactly: undocumented, and our choice.
function hasIdentity(known: readonly string[], by: SearchBy, value: string): boolean {
  if (by !== 'email') return known.includes(value);
  return known.some((email) => email.toLowerCase() === value.toLowerCase());
}

function isInRange(interaction: VendorInteraction, search: Search, habits: Habits): boolean {
  const endedAt = interaction.endedAt ?? interaction.startedAt;
  const instant = habits.rangeOf === 'startedAt' ? interaction.startedAt : endedAt;
  if (instant === search.startAt) return habits.bounds !== 'neither';
  if (instant === search.endAt) return habits.bounds === 'both';
  return instant > search.startAt && instant < search.endAt;
}

type Compare = (a: VendorInteraction, b: VendorInteraction) => number;

// Ids are hashes, so their order says nothing about time.
const byId: Compare = (a, b) =>
  Number(a.interactionId > b.interactionId) - Number(a.interactionId < b.interactionId);

const COMPARE: Readonly<Record<Order, Compare>> = {
  newest: (a, b) => b.startedAt - a.startedAt || byId(b, a),
  oldest: (a, b) => a.startedAt - b.startedAt || byId(a, b),
  shuffled: byId,
};
