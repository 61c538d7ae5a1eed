// The complete history of a customer: what belongs to a range, in which order it is shown, and where something is missing.
import { answerHead, type Customer } from './customer.ts';
import type { CustomerQuery } from './customer-query.ts';
import type { Interaction } from './interaction.ts';
import type { Span } from './span.ts';
import type { SummaryFailure } from './summaries.ts';
import type { Derived } from './tally.ts';
import type { Tenant } from './tenant.ts';
import { searchBounds, YEAR_AGO } from './time-range.ts';

/** One page of a history. */
export interface HistoryQuery extends CustomerQuery {
  readonly page: PageRequest;
}

/** Which part of a history is shown. */
export interface PageRequest {
  /** The most interactions of a page. */
  readonly limit: number;
  /** The last interaction of the page before; null for the first page. */
  readonly after: Position | null;
  /** When the first page was asked for, in Unix milliseconds; null if this is it. */
  readonly firstAt: number | null;
}

/** Where an interaction stands in a history. */
export interface Position {
  /** Unix milliseconds; null if the vendor does not say. */
  readonly startedAt: number | null;
  readonly id: string;
}

/** Where something may be missing. ISO-8601 UTC with milliseconds, both included. */
export interface Gap {
  readonly startTime: string;
  readonly endTime: string;
}

/** One page of a history as callers see it. */
export interface History extends Customer {
  /** Empty where the history is complete. */
  readonly gaps: readonly Gap[];
  /** Our own count over the whole history, not the page. */
  readonly derived: Derived;
  readonly page: { readonly nextCursor: string | null };
}

/** A part of an export: interactions that follow those before; or the end, which comes once, last. */
export type ExportPart = readonly Interaction[] | ExportEnd;

/** What is said about an export when it is over. */
export interface ExportEnd {
  readonly interactions: number;
  /** Empty where nothing is missing. */
  readonly gaps: readonly Gap[];
}

/** A page before it is sent: the interactions to show, and what is said about the whole. */
export interface HistoryPage
  extends Pick<History, 'gaps' | 'interactions' | 'insights' | 'derived'> {
  /** The last interaction of the page, if others come after it. */
  readonly next: Position | null;
  /** Only when summaries were included. */
  readonly summaryFailures?: readonly SummaryFailure[];
}

/** The instants of which interactions belong to a history, by when they started; Unix milliseconds, both included. */
export interface Reach {
  readonly fromAt: number;
  /** `NO_END` where the range has none. */
  readonly toAt: number;
}

const MINUTE_MS = 60_000;

/** After every instant. */
export const NO_END = Number.MAX_SAFE_INTEGER;

/** No interaction is assumed to be longer. */
export const LONGEST_SECONDS = 86_400;

/** A page as callers see it. */
export function historyFrom(
  query: CustomerQuery,
  { next: _, ...page }: HistoryPage,
  nextCursor: string | null,
): History {
  const { gaps, interactions, insights, derived, ...summaries } = page;
  return {
    ...answerHead(query),
    complete: gaps.length === 0,
    gaps,
    interactions,
    insights,
    derived,
    page: { nextCursor },
    ...summaries,
  };
}

/** The instant that stands for now where a first page is asked for: the same for a while, as the page itself. */
export function firstAtOf({ timeGridMs }: Tenant, now: number): number {
  // No step of the tenant's grid may begin between it and now.
  const stepMs = timeGridMs % MINUTE_MS === 0 ? MINUTE_MS : 1000;
  return Math.floor(now / stepMs) * stepMs;
}

/** What belongs to the history of a query at an instant (Unix ms). */
export function reachOf({ timeRange, tenant }: CustomerQuery, now: number): Reach {
  const calendar = { now, gridMs: tenant.timeGridMs };
  const range = timeRange.form === 'default' ? YEAR_AGO : timeRange;
  const { startAt = 0, endAt = NO_END } = searchBounds(range, calendar);
  return { fromAt: startAt, toAt: endAt };
}

/**
 * What the vendor has to be asked about, so that nothing of a reach is missing whether it looks at when an interaction
 * started or ended. `edge` is the first second of the future, before which all ends.
 */
export function spanToAsk({ fromAt, toAt }: Reach, edge: number): Span {
  const from = Math.floor(fromAt / 1000);
  const to = Math.min(Math.floor(toAt / 1000) + 1 + LONGEST_SECONDS, edge);
  return { from: Math.min(from, to - 1), to };
}

/** Whether an interaction belongs to a reach. Of one without a start nobody can say that it does not. */
export function isWithin({ fromAt, toAt }: Reach, startedAt: number | null): boolean {
  return startedAt === null || (startedAt >= fromAt && startedAt <= toAt);
}

/** Where an interaction stands. */
export function positionOf({ id, startedAt }: Pick<Interaction, 'id' | 'startedAt'>): Position {
  return { id, startedAt: startedAt === null ? null : Date.parse(startedAt) };
}

/** Newest first, then by id; those without a start last. Negative if `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  const [aAt, bAt] = [a.startedAt ?? -1, b.startedAt ?? -1];
  if (aAt !== bAt) return bAt - aAt;
  return Number(a.id > b.id) - Number(a.id < b.id);
}
