// Reading fields that may be absent or drift: each is a value of its right type, or null.
import { isJsonObject, type JsonObject } from '../domain/json-object.ts';
import type { Drift } from '../telemetry/events.ts';

/** Hears of each thing that was not as expected, though usable. */
export type NoteDrift = (drift: Drift) => void;

// Zod reads the same at ten times the cost, which was a quarter of a miss: an answer has a thousand fields.

/** Reads one field. Absent and null are null; so is a wrong type, which is noted. */
type Field<Value> = (value: unknown, note: NoteDrift) => Value | null;

/** The last instant whose year has four digits, in Unix milliseconds. */
export const MAX_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Any text. */
export const text = field(isText);
/** A whole number from 0 on. */
export const quantity = field(isQuantity);
/** A number from 0 on. */
export const measure = field(isMeasure);
/** Unix milliseconds that a Date can show. */
export const instant = field(isInstant);
/** Items of which nothing is known yet. */
export const list = field(isList);
/** An object of which nothing is known yet. */
export const object = field(isJsonObject);

/** Reads an object as `read` does, and notes fields that it does not name. */
export function reader<Fields extends object>(
  read: (raw: JsonObject, note: NoteDrift) => Fields,
): (raw: JsonObject, note: NoteDrift) => Fields {
  const known = new Set(Object.keys(read({}, () => undefined)));
  return (raw, note) => {
    for (const name in raw) if (!known.has(name)) note('unknown-field');
    return read(raw, note);
  };
}

/** The texts of a list; anything else is dropped. */
export function words(items: readonly unknown[] | null, note: NoteDrift): readonly string[] {
  return usable(items ?? [], isText, note);
}

/** What `read` makes of the objects of a list; where it makes nothing, and what is no object, is dropped. */
export function eachOf<Item>(
  items: readonly unknown[] | null,
  read: (item: JsonObject, note: NoteDrift) => Item | undefined,
  note: NoteDrift,
): readonly Item[] {
  const made = usable(items ?? [], isJsonObject, note).map((item) => read(item, note));
  return usable(made, isThere<Item>, note);
}

function field<Value>(isRight: (value: unknown) => value is Value): Field<Value> {
  return (value, note) => {
    if (value === undefined || value === null) return null;
    if (isRight(value)) return value;
    note('wrong-type');
    return null;
  };
}

/** Nearly always all are: then it is the list itself, since there are hundreds in an answer. */
function usable<Item>(
  items: readonly unknown[],
  isUsable: (item: unknown) => item is Item,
  note: NoteDrift,
): readonly Item[] {
  if (items.every(isUsable)) return items;
  const kept = items.filter(isUsable);
  for (let dropped = kept.length; dropped < items.length; dropped += 1) note('dropped-item');
  return kept;
}

function isThere<Item>(item: unknown): item is Item {
  return item !== undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isMeasure(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_VALUE;
}

function isQuantity(value: unknown): value is number {
  return isMeasure(value) && Number.isSafeInteger(value);
}

function isInstant(value: unknown): value is number {
  return isQuantity(value) && value <= MAX_INSTANT;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
