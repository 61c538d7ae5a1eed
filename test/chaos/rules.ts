// What every row must keep to. A rule that is broken fails the run.
import type { RowResult } from './run-row.ts';
import { DEADLINE_MS } from './world.ts';

/** A rule, by what it promises. */
export interface Rule {
  readonly name: string;
  /** Depends on how busy the machine is: left out where that is not known. */
  readonly isTiming?: boolean;
  /** What is wrong, in words; nothing if the rule is kept. */
  readonly judge: (result: RowResult) => string | false;
}

/** A rule that a row has broken. */
export interface Breach {
  readonly row: string;
  readonly rule: string;
  readonly message: string;
}

/** What the first requests of a fault may take longer. */
const MOST_ADDED_MS = 60;
/** What counts as nothing, once a fault is known. */
const NOISE_MS = 10;
const DEADLINE_SLACK_MS = 1_000;
const RECOVERS_WITHIN_MS = { redis: 10_000, '8x8': 20_000, process: 20_000 } as const;
const MOST_GROWN_BYTES = 200_000_000;
/** Each replica holds two; the rest is for attempts, which come after growing waits. */
const MOST_REDIS_CONNECTIONS = 40;

/** All of them. */
export const RULES: readonly Rule[] = [
  {
    name: 'held-answered',
    judge: ({ figures: { heldServerErrors: count } }) =>
      count > 0 && `${count} answers of 5xx to customers whose answers are held`,
  },
  {
    name: 'no-wrong-answer',
    judge: ({ figures: { wrong } }) => wrong > 0 && `${wrong} answers about somebody else`,
  },
  {
    name: 'no-damaged-answer',
    judge: ({ row, figures: { damaged } }) =>
      !row.damagesAnswers && damaged > 0 && `${damaged} answers of which something is missing`,
  },
  {
    name: 'known-problems',
    judge({ row, figures: { problems } }) {
      const known = row.problems ?? [];
      const others = Object.entries(problems).filter(([problem]) => !known.includes(problem));
      return others.length > 0 && `not expected: ${describe(Object.fromEntries(others))}`;
    },
  },
  {
    name: 'problems-only-meanwhile',
    judge: ({ figures: { problemsOutsideOfFault: count } }) =>
      count > 0 && `${count} answers of 5xx before the fault, or after all was as before`,
  },
  {
    name: 'no-refusal',
    judge: ({ figures: { refusals } }) => refusals > 0 && `${refusals} answers of 4xx or 3xx`,
  },
  {
    name: 'nothing-lost',
    judge: ({ figures: { lost, lostUnduly } }) =>
      lostUnduly > 0 && `${lostUnduly} of those without an answer (${describe(lost)})`,
  },
  {
    name: 'always-one-ready',
    judge: ({ notSent }) => notSent > 0 && `${notSent} requests found no replica that was ready`,
  },
  {
    name: 'within-deadline',
    judge: ({ figures: { slowestMs } }) =>
      slowestMs > DEADLINE_MS + DEADLINE_SLACK_MS &&
      `an answer took ${Math.round(slowestMs)} ms, where ${DEADLINE_MS} is the deadline`,
  },
  {
    name: 'recovers',
    judge: ({ figures: { recoveredMs } }) =>
      recoveredMs === null && 'all was never as before again',
  },
  {
    name: 'recovers-in-time',
    isTiming: true,
    judge({ row: { kind }, figures: { recoveredMs } }) {
      const mostMs = RECOVERS_WITHIN_MS[kind];
      return (
        recoveredMs !== null &&
        recoveredMs > mostMs &&
        `${Math.round(recoveredMs)} ms, where ${mostMs} are allowed`
      );
    },
  },
  {
    name: 'nothing-poisoned',
    judge: ({ poisoned }) =>
      poisoned > 0 && `${poisoned} answers that were not right when asked for again`,
  },
  {
    name: 'bounded-memory',
    judge: ({ grownBytes }) =>
      grownBytes > MOST_GROWN_BYTES && `${megabytes(grownBytes)} MB more in a replica`,
  },
  {
    name: 'no-connection-storm',
    judge: ({ redisConnections }) =>
      redisConnections > MOST_REDIS_CONNECTIONS &&
      `${redisConnections} connections to Redis for each replica`,
  },
  {
    name: 'as-described',
    judge: ({ findings }) => findings.length > 0 && findings.join(' '),
  },
  {
    name: 'little-added',
    isTiming: true,
    judge({ row, figures: { hot }, ownDelayMs }) {
      const [before, during] = [hot.before.p99, hot.during.p99];
      if (row.kind !== 'redis' || before === null || during === null) return false;
      const addedMs = during - before;
      return (
        addedMs > MOST_ADDED_MS + ownDelayMs &&
        `p99 of hot customers ${Math.round(addedMs)} ms longer (the load's own delay: ${Math.round(ownDelayMs)} ms)`
      );
    },
  },
  {
    name: 'nothing-added-later',
    isTiming: true,
    judge({ row, figures }) {
      if (row.kind !== 'redis') return false;
      const longer = (['hot', 'cold'] as const).flatMap((group) => {
        const [before, then] = [figures[group].before.p50, figures.settled[group].p50];
        if (before === null || then === null || then - before <= NOISE_MS) return [];
        return [`half of ${group} customers wait ${Math.round(then - before)} ms longer`];
      });
      return longer.length > 0 && `${longer.join(', ')}, 2 s after it began`;
    },
  },
];

/** The rules that a row has broken; those about time are left out if the machine's pace is not known. */
export function breachesOf(result: RowResult, { timing }: { readonly timing: boolean }): Breach[] {
  const rules = RULES.filter(({ isTiming }) => timing || !isTiming);
  return rules.flatMap(({ name, judge }) => {
    const message = judge(result);
    return message === false ? [] : [{ row: result.row.name, rule: name, message }];
  });
}

function describe(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} × ${name}`)
    .join(', ');
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}
