// One row: a load, a fault in the midst of it, and the way back.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { untilTrue } from '../support/until.ts';
import type { Customer } from './customers.ts';
import { type Figures, figuresOf, isAbnormal } from './figures.ts';
import { holdingsOf, isRedisUp } from './gauges.ts';
import { askFor, type Load, type Rates, startLoad } from './load.ts';
import type { BegunFault, Row } from './row.ts';
import { untilShared } from './sharing.ts';
import type { World } from './world.ts';

/** How long each part of a row takes, and under which load. */
export interface Pace {
  readonly beforeMs: number;
  readonly faultMs: number;
  readonly afterMs: number;
  /** How long to wait until all is as before. */
  readonly patienceMs: number;
  readonly rates: Rates;
}

/** What a row has shown. */
export interface RowResult {
  readonly row: Row;
  readonly figures: Figures;
  /** Requests that were not sent, for want of a replica that is ready. */
  readonly notSent: number;
  /** How much more memory the largest replica took during the fault than before. */
  readonly grownBytes: number;
  /** Connections to Redis that the proxy was asked for, for each replica. */
  readonly redisConnections: number;
  /** Answers that were not right when customers of the fault's time were asked for again. */
  readonly poisoned: number;
  /** How late the timers of the load were (p99): how busy the machine was with others. */
  readonly ownDelayMs: number;
  /** What was not as it should be, in words. */
  readonly findings: readonly string[];
}

/** For so long all answers must be as before: each replica has been asked for cold customers by then. */
const CALM_MS = 2_500;
const LOOK_EVERY_MS = 25;
const ASKED_AGAIN = 40;
const WARMED_AT_ONCE = 8;
const READY_AGAIN_MS = 1_000;
const REDIS_UP_WITHIN_MS = 10_000;

/** Goes through a row. */
export async function runRow(world: World, row: Row, pace: Pace): Promise<RowResult> {
  const putBack = await row.prepare?.(world);
  try {
    return await measureRow(world, row, pace);
  } finally {
    await putBack?.();
  }
}

async function measureRow(world: World, row: Row, pace: Pace): Promise<RowResult> {
  const { balancer, customers } = world;
  const { patienceMs } = pace;
  await warm(world);
  const bytesBefore = await largestBytes(world);
  const connectionsBefore = await countConnections(world);
  const ownDelay = monitorEventLoopDelay({ resolution: 5 });
  ownDelay.enable();
  const load = startLoad({ balancer, customers, rates: pace.rates });
  await delay(pace.beforeMs);

  const begunAt = performance.now();
  const fault = await row.begin(world);
  const backAlone = row.endsAlone
    ? untilBack(world, row, { load, patienceMs, since: begunAt })
    : undefined;
  await delay(pace.faultMs);
  const grownBytes = (await largestBytes(world)) - bytesBefore;
  const findings = await endOf(fault);
  const endedAt = performance.now();
  const recoveredAt = await (backAlone ??
    untilBack(world, row, { load, patienceMs, since: endedAt }));
  await delay(pace.afterMs);
  await load.stop();
  ownDelay.disable();

  const connections = (await countConnections(world)) - connectionsBefore;
  const struck = load.samples.filter(({ sentAt }) => sentAt >= begunAt && sentAt < endedAt);
  const cold = struck.map(({ customer }) => customer).filter(({ group }) => group === 'cold');
  const again = [...cold.slice(-ASKED_AGAIN), ...customers.held];
  return {
    row,
    figures: figuresOf(load.samples, { begunAt, endedAt, recoveredAt }, { ...row, ...fault }),
    notSent: load.notSent,
    grownBytes,
    redisConnections: connections / world.replicas.length,
    ownDelayMs: ownDelay.percentile(99) / 1e6,
    poisoned: await countPoisoned(world, row, again),
    findings: [...findings, ...(await redisFindings(world))],
  };
}

async function countConnections({ topology: { single } }: World): Promise<number> {
  return single === undefined ? 0 : single.proxy.count();
}

async function endOf(fault: BegunFault): Promise<readonly string[]> {
  try {
    return await fault.end();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** For what, how long, and from when. */
interface Wait extends Pick<Pace, 'patienceMs'> {
  readonly load: Load;
  readonly since: number;
}

/** When all was as before, in ticks; null if it never was. */
async function untilBack(
  world: World,
  { kind }: Row,
  { load, patienceMs, since }: Wait,
): Promise<number | null> {
  const signal = AbortSignal.timeout(patienceMs);
  const sharing = kind === '8x8' ? Promise.resolve(since) : untilShared(world, signal);
  let seen = 0;
  let lastAbnormalAt = since;
  const lookOn = () => {
    for (; seen < load.samples.length; seen += 1) {
      const sample = load.samples[seen];
      if (sample === undefined || sample.sentAt < since || !isAbnormal(sample)) continue;
      lastAbnormalAt = Math.max(lastAbnormalAt, sample.sentAt + sample.tookMs);
    }
    return performance.now() - lastAbnormalAt >= CALM_MS;
  };
  while (!lookOn()) {
    if (signal.aborted) return null;
    await delay(LOOK_EVERY_MS);
  }
  const sharedAt = await sharing;
  lookOn();
  return sharedAt === null ? null : Math.max(lastAbnormalAt, sharedAt);
}

/** Has each replica hold all that are held. */
async function warm({ replicas, customers }: World): Promise<void> {
  const paths = [...customers.held, ...customers.probes].map(({ path }) => path);
  for (const replica of replicas) {
    for (let at = 0; at < paths.length; at += WARMED_AT_ONCE) {
      const asked = paths.slice(at, at + WARMED_AT_ONCE).map((path) => replica.ask(path));
      for (const reply of await Promise.all(asked)) {
        await reply.text();
        if (reply.status !== 200) throw new Error(`A customer cannot be held: ${reply.status}`);
      }
    }
  }
}

async function largestBytes({ replicas }: World): Promise<number> {
  const holdings = await Promise.all(
    replicas.map((replica) => holdingsOf(replica).catch(() => undefined)),
  );
  return Math.max(...holdings.map((held) => held?.residentBytes ?? 0));
}

/** Asks again for who was asked for during the fault: none of it may be left in an answer. */
async function countPoisoned(
  { balancer, customers }: World,
  { damagesAnswers }: Row,
  asked: readonly Customer[],
): Promise<number> {
  let poisoned = 0;
  for (const customer of asked) {
    const ask = () => askFor(customer, balancer, customers.judge);
    // On a busy machine no replica may have said in time that it is ready.
    const sample = (await ask()) ?? (await delay(READY_AGAIN_MS).then(ask));
    const isDamage = sample?.fault === 'damaged' && damagesAnswers;
    if (sample?.status !== 200 || (sample.fault !== null && !isDamage)) poisoned += 1;
  }
  return poisoned;
}

async function redisFindings({ replicas }: World): Promise<readonly string[]> {
  const areUp = async () => (await Promise.all(replicas.map(isRedisUp))).every(Boolean);
  try {
    await untilTrue(REDIS_UP_WITHIN_MS, areUp);
    return [];
  } catch {
    return ['A replica says that it does not use Redis (customer360_redis_up).'];
  }
}
