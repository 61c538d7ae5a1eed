// Stretches of the time axis in whole seconds, and what is left of one when others are taken away.

/** Whole Unix seconds: `from` belongs to it, `to` does not. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The same seconds as disjoint spans, oldest first; neighbours are joined, empty ones left out. */
export function joinSpans(spans: readonly Span[]): readonly Span[] {
  const joined: Span[] = [];
  for (const span of spans.filter(isSome).sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || span.from > last.to) joined.push(span);
    else if (span.to > last.to) joined[joined.length - 1] = { from: last.from, to: span.to };
  }
  return joined;
}

/** What of `wanted` lies in none of `held`: disjoint spans, oldest first. */
export function subtractSpans(wanted: readonly Span[], held: readonly Span[]): readonly Span[] {
  const taken = joinSpans(held);
  return joinSpans(wanted).flatMap((span) => {
    const left: Span[] = [];
    let { from } = span;
    for (const each of taken) {
      if (each.to <= from || each.from >= span.to) continue;
      left.push({ from, to: each.from });
      from = each.to;
    }
    return [...left, { from, to: span.to }].filter(isSome);
  });
}

/** What both have in common; empty spans are left out. */
export function clipSpans(spans: readonly Span[], { from, to }: Span): readonly Span[] {
  return spans
    .map((span) => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) }))
    .filter(isSome);
}

function isSome({ from, to }: Span): boolean {
  return from < to;
}
