// A vendor of histories for tests: some interactions, and a choice of everything that is not documented.

import type { CustomerQuery } from '../../src/domain/customer-query.ts';
import { subtractDuration } from '../../src/domain/duration.ts';
import { Problem } from '../../src/domain/problem.ts';
import type { Source } from '../../src/domain/source.ts';
import { searchBounds } from '../../src/domain/time-range.ts';
import type {
  VendorCustomer,
  VendorInsights,
  VendorInteraction,
} from '../../src/domain/vendor-answer.ts';
import { vendorCustomer } from './vendor.ts';

/** What the vendor does not say. */
export interface VendorHabits {
  /** Which 50 come when there are more, and in which order. */
  readonly keeps: 'newest' | 'oldest' | 'random' | 'middle';
  readonly bounds: 'both' | 'start' | 'neither';
  /** What the range is about; `overlap`: interactions that were under way at some time of it. */
  readonly rangeOf: 'start' | 'end' | 'overlap';
}

/** A vendor that knows one customer. */
export interface HistoryVendor {
  readonly source: Source<CustomerQuery, VendorCustomer>;
  /** What was asked for: bounds in Unix seconds. */
  readonly calls: {
    readonly from: number | null;
    readonly to: number | null;
    readonly priority: string;
  }[];
  interactions: readonly VendorInteraction[];
  /** The same in every answer. */
  insights: VendorInsights | null;
  /** Each call is refused for as long as this is set. */
  problem: Problem | null;
}

interface VendorOptions {
  readonly interactions: readonly VendorInteraction[];
  readonly habits?: Partial<VendorHabits>;
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random?: () => number;
  /** Waits before each answer. */
  readonly wait?: () => Promise<void>;
}

const CAP = 50;

/** Creates one. */
export function createHistoryVendor(options: VendorOptions): HistoryVendor {
  const { now, random = () => 0.5, wait = async () => undefined } = options;
  const habits: VendorHabits = {
    keeps: 'newest',
    bounds: 'both',
    rangeOf: 'start',
    ...options.habits,
  };
  const vendor: HistoryVendor = {
    calls: [],
    interactions: options.interactions,
    insights: null,
    problem: null,
    async source({ timeRange, tenant }, { priority = 'caller', signal }) {
      const { startAt, endAt } = searchBounds(timeRange, { now: now(), gridMs: tenant.timeGridMs });
      const seconds = (at: number | undefined) => (at === undefined ? null : at / 1000);
      vendor.calls.push({ from: seconds(startAt), to: seconds(endAt), priority });
      await wait();
      if (signal?.aborted) throw new Problem('upstream-unavailable');
      if (vendor.problem) throw vendor.problem;
      const to = endAt ?? now();
      const from = startAt ?? subtractDuration(to, { months: 12, seconds: 0 });
      const found = vendor.interactions.filter((each) => isFound(each, { from, to }, habits));
      return vendorCustomer(chosen(found, habits, random), { insights: vendor.insights });
    },
  };
  return vendor;
}

function isFound(
  { startedAt, endedAt }: VendorInteraction,
  { from, to }: { from: number; to: number },
  { bounds, rangeOf }: VendorHabits,
): boolean {
  const start = startedAt ?? 0;
  const end = endedAt ?? start;
  const isAfter = (at: number) => (bounds === 'neither' ? at > from : at >= from);
  const isBefore = (at: number) => (bounds === 'both' ? at <= to : at < to);
  if (rangeOf === 'overlap') return isBefore(start) && isAfter(end);
  const at = rangeOf === 'start' ? start : end;
  return isAfter(at) && isBefore(at);
}

function chosen(
  found: readonly VendorInteraction[],
  { keeps }: VendorHabits,
  random: () => number,
): readonly VendorInteraction[] {
  const sorted = found.toSorted((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0));
  if (keeps === 'oldest') return sorted.reverse().slice(0, CAP);
  if (keeps === 'newest') return sorted.slice(0, CAP);
  if (keeps === 'middle') {
    const first = Math.max(0, Math.floor((sorted.length - CAP) / 2));
    return sorted.slice(first, first + CAP);
  }
  return sorted
    .map((each) => ({ each, lot: random() }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, CAP)
    .map(({ each }) => each);
}
