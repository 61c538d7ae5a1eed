// Every scenario, in the order in which a whole run measures them.
import type { Scenario } from './scenario.ts';
import { batch } from './scenarios/batch.ts';
import { exporting } from './scenarios/export.ts';
import { history } from './scenarios/history.ts';
import { hotHit } from './scenarios/hot-hit.ts';
import { hotHitCompressed } from './scenarios/hot-hit-compressed.ts';
import { hotHitPlain } from './scenarios/hot-hit-plain.ts';
import { memory } from './scenarios/memory.ts';
import { miss } from './scenarios/miss.ts';
import { redisHit } from './scenarios/redis-hit.ts';
import { spellings } from './scenarios/spellings.ts';
import { stampede } from './scenarios/stampede.ts';
import { start } from './scenarios/start.ts';
import { workers } from './scenarios/workers.ts';

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  hotHit,
  hotHitCompressed,
  hotHitPlain,
  batch,
  history,
  exporting,
  redisHit,
  miss,
  spellings,
  stampede,
  memory,
  start,
  workers,
];
