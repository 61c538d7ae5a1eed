// All rows in the order in which a run goes through them.
import type { Row } from './row.ts';
import { UPSTREAM_ROWS } from './rows/eight-by-eight.ts';
import { FAILOVER_ROWS } from './rows/failover.ts';
import { FLAPPING_ROW } from './rows/flapping.ts';
import { LIMIT_ROWS } from './rows/limits.ts';
import { PROCESS_ROWS } from './rows/processes.ts';
import { REDIS_ROWS } from './rows/redis.ts';

/** Rows by topology: a world is started once for each. */
export const ROWS: readonly Row[] = [
  ...REDIS_ROWS,
  FLAPPING_ROW,
  ...LIMIT_ROWS,
  ...UPSTREAM_ROWS,
  ...PROCESS_ROWS,
  ...FAILOVER_ROWS,
];

/**
 * Some of each kind, for many rounds. All replicas but the last one live on, and are measured; `worker-killed` would
 * start a service of its own each time, of which nothing is left to measure.
 */
export const SHORT_LIST: readonly string[] = [
  'redis-killed',
  'redis-slow-400',
  'redis-hanging',
  'redis-half-open-silent',
  'redis-reset',
  '8x8-down',
  '8x8-hang',
  '8x8-reset-mid-body',
  '8x8-huge',
  '8x8-wrong-types',
  '8x8-throttled',
  '8x8-unavailable',
  'replica-killed',
  'replica-told-to-end',
];

/** The row of this name. Throws if there is none. */
export function rowNamed(name: string): Row {
  const row = ROWS.find((each) => each.name === name);
  if (row === undefined) throw new RangeError(`There is no row ${name}.`);
  return row;
}
