// A wait for a condition outside of this process, which nothing tells about.
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/** Resolves when it is true. Throws if it is not within the time given; a look that fails is a no. */
export async function untilTrue(withinMs: number, isTrue: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await isTrue().catch(() => false))) {
    if (performance.now() > giveUpAt) throw new Error(`Not so within ${withinMs} ms: ${isTrue}`);
    await delay(LOOK_EVERY_MS);
  }
}
