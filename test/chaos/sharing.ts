// Proof that replicas share through Redis: what one fetches anew, the others answer at once.
import { setTimeout as delay } from 'node:timers/promises';
import type { Replica } from '../support/replica-processes.ts';
import type { Customer } from './customers.ts';
import type { World } from './world.ts';

/** What a replica has heard of a probe in succession, and when that began, in ticks. */
interface Streak {
  readonly count: number;
  readonly from: number;
}

/** What is heard of a probe, by replica. */
type Streaks = Map<Replica, Streak>;

const HEARD_WITHIN_MS = 500;
const AGAIN_AFTER_MS = 50;
const ASKED_WITHIN_MS = 3_000;
/** One alone may have come from the look at Redis that each takes every 10 s. */
const ENOUGH = 2;

/**
 * Resolves when each replica hears of what the others fetch, with the tick from which it was so; null if that is not
 * before the signal. They take turns to fetch, and probes take turns to be fetched.
 */
export async function untilShared(world: World, signal: AbortSignal): Promise<number | null> {
  const probes = world.customers.probes.map((probe) => ({ probe, streaks: new Map() as Streaks }));
  for (let turn = 0; !signal.aborted; turn += 1) {
    const { replicas } = world;
    const fetching = replicas[turn % replicas.length];
    const probed = probes[turn % probes.length];
    if (fetching && probed) await listen({ world, fetching, ...probed });
    const heard = probes.flatMap(({ streaks }) =>
      replicas.map((replica) => streaks.get(replica) ?? { count: 0, from: 0 }),
    );
    const isShared = replicas.length === 1 || heard.every(({ count }) => count >= ENOUGH);
    if (isShared) return Math.max(...heard.map(({ from }) => from));
    await delay(AGAIN_AFTER_MS);
  }
  return null;
}

interface Turn {
  readonly world: World;
  readonly fetching: Replica;
  readonly probe: Customer;
  readonly streaks: Streaks;
}

/** Changes a probe at 8x8, has one replica fetch it, and notes which of the others have it then. */
async function listen({ world, fetching, probe, streaks }: Turn): Promise<void> {
  const { replicas, customers } = world;
  const from = performance.now();
  const version = customers.change(probe);
  const has = async (replica: Replica, headers = {}): Promise<boolean> => {
    const signal = AbortSignal.timeout(ASKED_WITHIN_MS);
    const reply = await replica.ask(probe.path, { headers, signal }).catch(() => undefined);
    return (await reply?.text().catch(() => ''))?.includes(version) ?? false;
  };
  if (!(await has(fetching, { 'cache-control': 'no-cache' }))) return streaks.clear();
  const giveUpAt = performance.now() + HEARD_WITHIN_MS;
  const listenOn = async (replica: Replica): Promise<void> => {
    let hasHeard = false;
    while (!hasHeard && performance.now() < giveUpAt) hasHeard = await has(replica);
    const streak = streaks.get(replica) ?? { count: 0, from };
    if (hasHeard) streaks.set(replica, { ...streak, count: streak.count + 1 });
    else streaks.delete(replica);
  };
  await Promise.all(replicas.filter((replica) => replica !== fetching).map(listenOn));
}
