// What one app sees of a customer: the fields it asked for, without those that are hidden from it.
import type { Customer, Insights } from './customer.ts';
import type { InteractionField } from './interaction.ts';

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

/** The customer with what the selection shows. `id` and an included `summary` are kept; hiding outranks asking. */
export function selectFields(customer: Customer, { fields, hide }: FieldSelection): object {
  const isShown = (name: string) =>
    !hide.has(name) &&
    (fields === null || ALWAYS.has(name) || fields.has(name as InteractionField));
  const interactions = customer.interactions.map((interaction) =>
    Object.fromEntries(Object.entries(interaction).filter(([name]) => isShown(name))),
  );
  return { ...customer, interactions, insights: visibleInsights(customer.insights, hide) };
}

/** The same, of a customer as JSON in UTF-8. The bytes have a buffer of their own. */
export function selectBytes(body: Uint8Array, selection: FieldSelection): Uint8Array {
  const customer = JSON.parse(new TextDecoder().decode(body)) as Customer;
  return new TextEncoder().encode(JSON.stringify(selectFields(customer, selection)));
}

const ALWAYS = new Set(['id', 'summary']);

/** The aggregates of a hidden field would tell what it hides. */
function visibleInsights(insights: Insights | null, hide: ReadonlySet<string>): object | null {
  if (insights === null) return null;
  return Object.fromEntries(Object.entries(insights).filter(([name]) => !hide.has(name)));
}
