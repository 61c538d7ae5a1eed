// Our own count over many interactions. Counts of disjoint parts are added; shares are computed from the sum alone.
import type { Interaction } from './interaction.ts';

/** How often each value occurs. Interactions without a value are in none. */
export type Counts = Readonly<Record<string, number>>;

/** What is counted. Parts that hold different interactions can be added. */
export interface Tally {
  readonly interactions: number;
  readonly byChannel: Counts;
  readonly byDirection: Counts;
  readonly byProduct: Counts;
  readonly bySentiment: Counts;
  /** In how many interactions a topic comes up, however often in each. */
  readonly topics: Counts;
}

/** The count over a whole history, as callers see it. */
export interface Derived extends Omit<Tally, 'topics'> {
  /** The most frequent first. `percentage` of all interactions, to two decimals. */
  readonly topics: readonly {
    readonly name: string;
    readonly interactions: number;
    readonly percentage: number;
  }[];
}

type Counted = Pick<Interaction, 'channel' | 'direction' | 'product' | 'sentiment' | 'topics'>;

/** The count over some interactions, each of which is there once. */
export function tallyOf(interactions: readonly Counted[]): Tally {
  const countOf = (valuesOf: (interaction: Counted) => Iterable<string | null>) =>
    addCounts(interactions.map((interaction) => [...valuesOf(interaction)].map(once)));
  return {
    interactions: interactions.length,
    byChannel: countOf(({ channel }) => [channel]),
    byDirection: countOf(({ direction }) => [direction]),
    byProduct: countOf(({ product }) => [product]),
    bySentiment: countOf(({ sentiment }) => [sentiment]),
    topics: countOf(({ topics }) => new Set(topics.map(({ name }) => name))),
  };
}

/** The count over all interactions of disjoint parts. */
export function addTallies(tallies: readonly Tally[]): Tally {
  const sum = (countsOf: (tally: Tally) => Counts) =>
    addCounts(tallies.map((tally) => Object.entries(countsOf(tally))));
  return {
    interactions: tallies.reduce((total, { interactions }) => total + interactions, 0),
    byChannel: sum(({ byChannel }) => byChannel),
    byDirection: sum(({ byDirection }) => byDirection),
    byProduct: sum(({ byProduct }) => byProduct),
    bySentiment: sum(({ bySentiment }) => bySentiment),
    topics: sum(({ topics }) => topics),
  };
}

/** What callers see of a count. */
export function derivedFrom({ topics, ...counts }: Tally): Derived {
  const share = (count: number) => Math.round((10_000 * count) / counts.interactions) / 100;
  return {
    ...counts,
    topics: Object.entries(topics)
      .map(([name, count]) => ({ name, interactions: count, percentage: share(count) }))
      // Names are in order already, and stay so where counts are equal.
      .sort((a, b) => b.interactions - a.interactions),
  };
}

type CountedValue = readonly [value: string | null, count: number];

function once(value: string | null): CountedValue {
  return [value, 1];
}

/** By value in alphabetical order, so that equal counts are equal texts. A map, since values may be any text. */
function addCounts(parts: readonly (readonly CountedValue[])[]): Counts {
  const sums = new Map<string, number>();
  for (const [value, count] of parts.flat()) {
    if (value !== null) sums.set(value, (sums.get(value) ?? 0) + count);
  }
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
