// Telling a JSON object from every other JSON value.

/** An object of parsed JSON or YAML, of which nothing else is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for an object; not for an array, and not for null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
