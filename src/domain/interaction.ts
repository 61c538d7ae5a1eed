// One interaction of a customer, as callers see it.
import type { Summary } from './summaries.ts';

/** The fields of an interaction, in the order in which an answer holds them. */
export const INTERACTION_FIELDS = [
  'id',
  'contactId',
  'address',
  'channel',
  'chatType',
  'direction',
  'product',
  'startedAt',
  'endedAt',
  'durationSeconds',
  'sentiment',
  'topics',
  'wrapUpCodes',
  'queue',
  'department',
  'outcome',
  'labels',
  'title',
  'emailSubject',
  'signals',
] as const;

/** The name of one field of an interaction. */
export type InteractionField = (typeof INTERACTION_FIELDS)[number];

/** One interaction. Instants are ISO-8601 UTC with milliseconds; what the vendor does not say is null. */
export interface Interaction {
  readonly id: string;
  readonly contactId: string | null;
  readonly address: string | null;
  readonly channel: string | null;
  readonly chatType: string | null;
  readonly direction: string | null;
  readonly product: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
  readonly sentiment: string | null;
  readonly topics: readonly { readonly name: string; readonly matches: number | null }[];
  readonly wrapUpCodes: readonly string[];
  readonly queue: string | null;
  readonly department: string | null;
  readonly outcome: string | null;
  readonly labels: readonly string[];
  readonly title: string | null;
  readonly emailSubject: string | null;
  readonly signals: readonly string[];
  /** Only when summaries were included. */
  readonly summary?: Summary | null;
}
