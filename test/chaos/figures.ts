// What a row measured, from its samples: pure.
import { percentile } from '../../bench/harness/figures.ts';
import type { Group } from './customers.ts';
import type { BegunFault, Row } from './row.ts';
import type { Sample } from './sample.ts';

/** When what happened, in ticks. */
export interface Moments {
  readonly begunAt: number;
  readonly endedAt: number;
  /** Since then all answers were as before; null: never. */
  readonly recoveredAt: number | null;
}

/** Times of answers, in milliseconds; null where there were none. */
export interface Latency {
  readonly p50: number | null;
  readonly p99: number | null;
}

/** Before the fault, while it lasts, and when all is as before. */
export interface Phases {
  readonly before: Latency;
  readonly during: Latency;
  readonly after: Latency;
}

/** What the rules judge and the table shows. */
export interface Figures {
  readonly requests: number;
  /** Answers of 5xx to those whose answer was held, and to the others. */
  readonly heldServerErrors: number;
  readonly coldServerErrors: number;
  /** Answers other than 200 and 5xx. */
  readonly refusals: number;
  readonly staleServed: number;
  readonly wrong: number;
  readonly damaged: number;
  /** Requests without an answer, by the code of the error. */
  readonly lost: Readonly<Record<string, number>>;
  /** Those of them that nobody had in hand who died. */
  readonly lostUnduly: number;
  /** Answers of 5xx by problem, and by when they came. */
  readonly problems: Readonly<Record<string, number>>;
  readonly problemsOutsideOfFault: number;
  readonly slowestMs: number;
  readonly hot: Phases;
  readonly cold: Phases;
  /** When the fault has lasted for two seconds. */
  readonly settled: { readonly hot: Latency; readonly cold: Latency };
  /** From the end of the fault (or its beginning, if it ends alone) until all is as before; null: never. */
  readonly recoveredMs: number | null;
}

const SETTLED_AFTER_MS = 2_000;

/** Figures of all samples of a row. */
export function figuresOf(
  samples: readonly Sample[],
  moments: Moments,
  {
    endsAlone = false,
    mayLose = () => false,
  }: Pick<Row, 'endsAlone'> & Pick<BegunFault, 'mayLose'>,
): Figures {
  const { begunAt, endedAt, recoveredAt } = moments;
  const errors = samples.filter(isServerError);
  const held = errors.filter(({ customer }) => customer.group !== 'cold');
  const between = (from: number, to: number) => (sample: Sample) =>
    sample.sentAt >= from && sample.sentAt < to;
  const phase = {
    before: samples.filter(between(Number.NEGATIVE_INFINITY, begunAt)),
    during: samples.filter(between(begunAt, endedAt)),
    after: samples.filter(between(recoveredAt ?? endedAt, Number.POSITIVE_INFINITY)),
  };
  const phases = (group: Group): Phases => ({
    before: latencyOf(phase.before, group),
    during: latencyOf(phase.during, group),
    after: latencyOf(phase.after, group),
  });
  const settled = samples.filter(between(begunAt + SETTLED_AFTER_MS, endedAt));
  return {
    requests: samples.length,
    heldServerErrors: held.length,
    coldServerErrors: errors.length - held.length,
    refusals: samples.filter(({ status }) => status > 0 && status !== 200 && status < 500).length,
    staleServed: [...phase.during].filter(isStale).length,
    wrong: samples.filter(({ fault }) => fault === 'wrong').length,
    damaged: samples.filter(({ fault }) => fault === 'damaged').length,
    lost: countBy(samples, ({ error }) => error),
    lostUnduly: samples.filter((each) => each.error !== null && !mayLose(each)).length,
    problems: countBy(errors, ({ problem }) => problem),
    // What was under way when the fault began met it.
    problemsOutsideOfFault: errors.filter(
      ({ sentAt, tookMs }) =>
        sentAt + tookMs < begunAt || (recoveredAt !== null && sentAt >= recoveredAt),
    ).length,
    slowestMs: Math.max(0, ...samples.map(({ tookMs }) => tookMs)),
    hot: phases('hot'),
    cold: phases('cold'),
    settled: { hot: latencyOf(settled, 'hot'), cold: latencyOf(settled, 'cold') },
    recoveredMs: recoveredAt === null ? null : recoveredAt - (endsAlone ? begunAt : endedAt),
  };
}

/** Whether an answer tells that something is still out of order. */
export function isAbnormal(sample: Sample): boolean {
  const { status, outcome, customer, ageSeconds, fault } = sample;
  if (status !== 200 || fault !== null || outcome === 'stale-if-error') return true;
  return customer.group === 'stale' && ageSeconds > OLDEST_STALE_SECONDS;
}

/** Fresh for one second, and asked for at least every two. */
const OLDEST_STALE_SECONDS = 6;

function isServerError({ status }: Sample): boolean {
  return status >= 500;
}

function isStale({ outcome }: Sample): boolean {
  return outcome === 'stale' || outcome === 'stale-if-error';
}

function latencyOf(samples: readonly Sample[], group: Group): Latency {
  const times = samples
    .filter(({ customer, status }) => customer.group === group && status > 0)
    .map(({ tookMs }) => tookMs);
  if (times.length === 0) return { p50: null, p99: null };
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
}

function countBy(
  samples: readonly Sample[],
  nameOf: (sample: Sample) => string | null,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const sample of samples) {
    const name = nameOf(sample);
    if (name !== null) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
