// The layer that refuses to ask the vendor while this process has too much to do: what is kept goes on being served.
import { Problem } from '../domain/problem.ts';
import type { Layer } from '../domain/source.ts';
import type { Shortage } from './load-gauge.ts';

interface ShedOptions {
  /** What the process is short of now; null: of nothing. */
  readonly shortage: () => Shortage | null;
  /** Told of each that is refused. */
  readonly onRefusal: (shortage: Shortage) => void;
}

/** @throws {Problem} `overloaded` while there is a shortage */
export function shed<Query, Answer>({ shortage, onRefusal }: ShedOptions): Layer<Query, Answer> {
  return (next) => async (query, context) => {
    const found = shortage();
    if (found === null) return next(query, context);
    onRefusal(found);
    throw new Problem('overloaded', { reason: found });
  };
}
