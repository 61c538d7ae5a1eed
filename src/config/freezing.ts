// Freezes what has been read, so that nothing changes it later.

/** Freezes a value and all that it holds. Maps and sets are read-only by their types alone. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) return value; // cannot be frozen
  const parts = value instanceof Map || value instanceof Set ? value.values() : [];
  Object.freeze(value);
  for (const part of [...parts, ...Object.values(value)]) freezeDeep(part);
  return value;
}
