// Plans how a range is split (placeholder).
import { joinSpans, type Span } from './span.ts';
export const FULL_ROWS = 50;
export interface PartAnswer {
  readonly rows: number;
  readonly instants: readonly number[];
}
export interface SplitPlan {
  next(): Span | undefined;
  told(part: Span, answer: PartAnswer): 'proven' | 'split' | 'gap';
  rest(): readonly Span[];
}
export function createSplitPlan({
  spans,
  lanes,
  seen = [],
}: {
  spans: readonly Span[];
  lanes: number;
  /** Starts of interactions that are known already, in Unix seconds. */
  seen?: readonly number[];
  ahead?: number;
}): SplitPlan {
  const known = new Set(seen);
  const todo = [...spans];
  const under = new Set<Span>();
  return {
    next() {
      if (under.size >= lanes) return undefined;
      todo.sort((a, b) => b.to - a.to);
      let part = todo.shift();
      while (part && part.to - part.from > 1) {
        const { from, to } = part;
        const inside = [...known].filter((at) => at >= from && at < to).sort((a, b) => a - b);
        if (inside.length < FULL_ROWS) break;
        const middle = Math.floor(inside[inside.length >> 1] ?? 0);
        const mid = Math.min(Math.max(middle, from + 1), to - 1);
        todo.push({ from, to: mid });
        part = { from: mid, to };
      }
      if (part) under.add(part);
      return part;
    },
    told(part, { rows, instants }) {
      for (const at of instants) known.add(at);
      under.delete(part);
      if (rows < FULL_ROWS) return 'proven';
      if (part.to - part.from <= 1) return 'gap';
      const mid = Math.floor((part.from + part.to) / 2);
      todo.push({ from: part.from, to: mid }, { from: mid, to: part.to });
      return 'split';
    },
    rest: () => joinSpans([...todo, ...under]),
  };
}
