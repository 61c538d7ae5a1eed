// How much waiting is left to Redis: late answers use it up, and those in time give it back.
import { OverdueReply, type Patience } from './patience.ts';

/** Waits for the reply to a command about a key. */
export type Within = <Result>(command: Promise<Result>, key: string) => Promise<Result>;

interface AllowanceOptions {
  readonly patience: Patience;
  /** The longest wait: for one command, or for several that are late one after the other. */
  readonly allowanceMs: number;
  /** Keys of one lane lie on one server. A key may change its lane. */
  readonly laneOf: (key: string) => string;
  /** Told of a key whose lane has used up its allowance; it has a whole one then. */
  readonly onSpent: (key: string) => void;
}

interface Lane {
  /** Of the allowance. */
  usedMs: number;
  /** A command under way is being timed. */
  isTiming: boolean;
}

/** What takes longer is late. A Redis nearby takes a tenth of it, and a miss asks four or five times. */
export const IN_TIME_MS = 10;

/**
 * Creates what rejects with an {@link OverdueReply} when the allowance is used up, so that one who asks many times
 * waits no longer in vain than one who asks once.
 */
export function createAllowance(options: AllowanceOptions): Within {
  const { patience, allowanceMs, laneOf, onSpent } = options;
  const lanes = new Map<string, Lane>();

  const laneAt = (key: string): Lane => {
    const name = laneOf(key);
    const lane = lanes.get(name) ?? { usedMs: 0, isTiming: false };
    lanes.set(name, lane);
    return lane;
  };

  const note = (lane: Lane, tookMs: number) => {
    const isLate = tookMs > IN_TIME_MS;
    lane.usedMs = Math.max(0, lane.usedMs + (isLate ? tookMs : tookMs - IN_TIME_MS));
  };

  return async (command, key) => {
    const lane = laneAt(key);
    // One of those under way together stands for all: a pause of Redis is one, however many wait.
    const isTimed = !lane.isTiming;
    lane.isTiming = true;
    const beganMs = patience.waitedMs();
    try {
      return await patience.within(command, Math.max(IN_TIME_MS, allowanceMs - lane.usedMs));
    } catch (error) {
      if (error instanceof OverdueReply) lane.usedMs = allowanceMs;
      throw error;
    } finally {
      if (isTimed) {
        lane.isTiming = false;
        note(lane, patience.waitedMs() - beganMs);
      }
      if (lane.usedMs >= allowanceMs) {
        lane.usedMs = 0;
        onSpent(key);
      }
    }
  };
}
