// Proof that replicas share through Redis: what one fetches anew, the others answer at once.
import { setTimeout as delay } from 'node:timers/promises';
import type { Replica } from '../support/replica-processes.ts';
import type { World } from './world.ts';

const HEARD_WITHIN_MS = 500;
const AGAIN_AFTER_MS = 50;
const ASKED_WITHIN_MS = 3_000;

/** Resolves when it is so, with the tick from which it was; null if it is not before the signal. */
export async function untilShared(world: World, signal: AbortSignal): Promise<number | null> {
  while (!signal.aborted) {
    const from = performance.now();
    if (await isShared(world).catch(() => false)) return from;
    await delay(AGAIN_AFTER_MS);
  }
  return null;
}

/** Changes the probe at 8x8, and has one replica fetch it. */
async function isShared({ replicas, customers }: World): Promise<boolean> {
  const [first, ...others] = replicas;
  if (first === undefined) return false;
  const { path } = customers.probe;
  const version = customers.changeProbe();
  if (!(await ask(first, path, { 'cache-control': 'no-cache' })).includes(version)) return false;
  const giveUpAt = performance.now() + HEARD_WITHIN_MS;
  const hears = async (replica: Replica): Promise<boolean> => {
    while (performance.now() < giveUpAt) {
      if ((await ask(replica, path)).includes(version)) return true;
    }
    return false;
  };
  return (await Promise.all(others.map(hears))).every(Boolean);
}

async function ask(replica: Replica, path: string, headers = {}): Promise<string> {
  const reply = await replica.ask(path, { headers, signal: AbortSignal.timeout(ASKED_WITHIN_MS) });
  return reply.text();
}
