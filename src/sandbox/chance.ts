// Chance that repeats: numbers and ids that depend on a seed alone.
import { createHash } from 'node:crypto';

/** A source of repeatable choices. */
export interface Chance {
  /** A number from 0 (included) to 1 (excluded). */
  fraction(): number;
  /** A whole number, both bounds included. */
  between(low: number, high: number): number;
  /** True once in `n` times, on average. */
  oneIn(n: number): boolean;
  /** One of the items. */
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** Hexadecimal characters (1 to 64) that depend on the seed alone, and look like chance. */
export function hexFrom(seed: string, length: number): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, length);
}

/** A source of choices; equal seeds choose equally. The generator is mulberry32. */
export function createChance(seed: string): Chance {
  let state = Number.parseInt(hexFrom(seed, 8), 16);
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number =>
    low + Math.floor(fraction() * (high - low + 1));
  return {
    fraction,
    between,
    oneIn: (n) => between(1, n) === 1,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
  };
}
