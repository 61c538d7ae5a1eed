// What one app sees of a customer: the fields it asked for, without those that are hidden from it.
import type { Customer, Insights } from './customer.ts';
import type { History } from './history.ts';
import type { Interaction, InteractionField } from './interaction.ts';
import type { Derived } from './tally.ts';
import type { Timeline } from './timeline.ts';

/** The fields to keep (null for all) and the fields never to show. */
export interface FieldSelection {
  readonly fields: ReadonlySet<InteractionField> | null;
  readonly hide: ReadonlySet<string>;
}

/** True if a selection shows everything, so that the answer can be sent as it is. */
export function isWhole({ fields, hide }: FieldSelection): boolean {
  return fields === null && hide.size === 0;
}

/** A name of a selection: equal selections have equal names. */
export function selectionName({ fields, hide }: FieldSelection): string {
  return `${fields ? [...fields].sort().join() : '*'}-${[...hide].sort().join()}`;
}

/** The customer with what the selection shows. */
export function selectFields(customer: Customer, selection: FieldSelection): object {
  const interactions = customer.interactions.map((each) => selectInteraction(each, selection));
  return { ...customer, interactions, insights: visibleInsights(customer.insights, selection) };
}

/** An interaction with what the selection shows. `id` and an included `summary` are kept; hiding outranks asking. */
export function selectInteraction(interaction: Interaction, selection: FieldSelection): object {
  return Object.fromEntries(
    Object.entries(interaction).filter(([name]) => isFieldShown(name, selection)),
  );
}

/** Whether a selection shows a field of an interaction. */
export function isFieldShown(name: string, { fields, hide }: FieldSelection): boolean {
  const isWanted = fields === null || ALWAYS.has(name) || fields.has(name as InteractionField);
  return isWanted && !hide.has(name);
}

/** A page of a history with what the selection shows. */
export function selectHistory(history: History, selection: FieldSelection): object {
  return {
    ...selectFields(history, selection),
    derived: visibleDerived(history.derived, selection),
  };
}

/** A page of a timeline with what the selection shows. */
export function selectTimeline(timeline: Timeline, selection: FieldSelection): object {
  return {
    ...timeline,
    interactions: timeline.interactions.map(({ foundBy, ...interaction }) => ({
      ...selectInteraction(interaction, selection),
      foundBy,
    })),
    derived: visibleDerived(timeline.derived, selection),
  };
}

/** The same, of a customer as JSON in UTF-8. The bytes have a buffer of their own. */
export function selectBytes(body: Uint8Array, selection: FieldSelection): Uint8Array {
  const customer = JSON.parse(new TextDecoder().decode(body)) as Customer;
  return new TextEncoder().encode(JSON.stringify(selectFields(customer, selection)));
}

const ALWAYS = new Set(['id', 'summary']);

/** The aggregates of a hidden field would tell what it hides. */
function visibleInsights(insights: Insights | null, { hide }: FieldSelection): object | null {
  if (insights === null) return null;
  return Object.fromEntries(Object.entries(insights).filter(([name]) => !hide.has(name)));
}

/** What is counted by a hidden field is hidden. */
const FIELD_OF_COUNT: Readonly<Record<string, InteractionField>> = {
  byChannel: 'channel',
  byDirection: 'direction',
  byProduct: 'product',
  bySentiment: 'sentiment',
  topics: 'topics',
} satisfies Partial<Record<keyof Derived, InteractionField>>;

function visibleDerived(derived: Derived, { hide }: FieldSelection): object {
  return Object.fromEntries(
    Object.entries(derived).filter(([name]) => !hide.has(FIELD_OF_COUNT[name] ?? name)),
  );
}
