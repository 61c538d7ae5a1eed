// Instants in order, each once.

/** A set that grows. */
export interface Instants {
  add(instants: readonly number[]): void;
  /** The `count`th of those before `to`, counted back; negative infinity if there are not so many. */
  nthBefore(to: number, count: number): number;
}

/** Creates one of some instants. */
export function createInstants(first: readonly number[]): Instants {
  let sorted: readonly number[] = [];
  const add = (instants: readonly number[]) => {
    sorted = [...sorted, ...instants]
      .sort((a, b) => a - b)
      .filter((at, index, all) => at !== all[index - 1]);
  };
  add(first);
  return {
    add,
    nthBefore(to, count) {
      let [low, high] = [0, sorted.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((sorted[middle] ?? to) < to) low = middle + 1;
        else high = middle;
      }
      return sorted[low - count] ?? Number.NEGATIVE_INFINITY;
    },
  };
}
