// Functions whose results are kept for as long as somebody holds what they were computed from.

/** Computes once for each object. */
export function onceEach<Of extends WeakKey, Value>(compute: (of: Of) => Value): (of: Of) => Value {
  const values = new WeakMap<Of, { readonly value: Value }>();
  return (of) => {
    const held = values.get(of) ?? { value: compute(of) };
    values.set(of, held);
    return held.value;
  };
}
