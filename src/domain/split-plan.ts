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
}: {
  spans: readonly Span[];
  lanes: number;
  ahead?: number;
}): SplitPlan {
  const todo = [...spans];
  const under = new Set<Span>();
  return {
    next() {
      if (under.size >= lanes) return undefined;
      todo.sort((a, b) => b.to - a.to);
      const part = todo.shift();
      if (part) under.add(part);
      return part;
    },
    told(part, { rows }) {
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
