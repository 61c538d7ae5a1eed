// How many processes serve callers.
import { availableParallelism } from 'node:os';
import type { Configuration } from './config/configuration.ts';

/** As many as are configured, or one a core; the same in each of them. */
export function processCount({ workers }: Pick<Configuration, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}
