// The breaker for Redis: one that answers too late is left alone until a look beside the requests is in time.

/** Says where Redis is left alone. */
export interface RedisBreaker {
  /** True while nobody is to wait for an answer about a key. */
  isOpen(key: string): boolean;
  /** True while that is so for any key. */
  isAnyOpen(): boolean;
  /** Answers are too late; one about this key was the last of them. */
  trip(key: string): void;
  /** There is a new connection, of which nothing bad is known. */
  reset(): void;
}

interface RedisBreakerOptions {
  /** Keys of one lane are late together, since they lie on one server. A key may change its lane. */
  readonly laneOf: (key: string) => string;
  /** Asks for a key; rejects if there is no answer in time. */
  readonly probe: (key: string) => Promise<unknown>;
  /** Told when the first lane opens, and when the last one is closed again. */
  readonly onChange: (state: 'open' | 'closed') => void;
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
  /** Runs something once, later. */
  readonly later: (run: () => void, delayMs: number) => void;
}

interface Lane {
  isOpen: boolean;
  closedAt: number;
  /** How many looks in a row have to be in time. */
  needed: number;
  /** How often it has opened: looks of an earlier time end. */
  round: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** A lane that opens again within this time has to be in time more often. */
const STEADY_AFTER_MS = 10_000;
const MOST_NEEDED = 8;

/**
 * Creates a breaker that is closed. The first look follows at once when it has opened, so that a Redis that was late
 * once is back as soon as it answers.
 */
export function createRedisBreaker(options: RedisBreakerOptions): RedisBreaker {
  const { laneOf, probe, onChange, ticks, later } = options;
  const lanes = new Map<string, Lane>();
  let openLanes = 0;

  const close = (lane: Lane) => {
    if (!lane.isOpen) return;
    lane.isOpen = false;
    lane.closedAt = ticks();
    openLanes -= 1;
    if (openLanes === 0) onChange('closed');
  };

  const isInTime = (key: string) =>
    probe(key).then(
      () => true,
      () => false,
    );

  /** `good`: so many looks in a row were in time; `pauseMs`: until the next one. */
  const lookAgain = (
    lane: Lane,
    key: string,
    { good, pauseMs }: { good: number; pauseMs: number },
  ) => {
    const { round } = lane;
    const isOver = () => !lane.isOpen || lane.round !== round;
    later(async () => {
      if (isOver()) return;
      const isGood = await isInTime(key);
      if (isOver()) return;
      if (!isGood) {
        const longer = Math.min(Math.max(FIRST_PAUSE_MS, 2 * pauseMs), LONGEST_PAUSE_MS);
        return lookAgain(lane, key, { good: 0, pauseMs: longer });
      }
      if (good + 1 >= lane.needed) close(lane);
      else lookAgain(lane, key, { good: good + 1, pauseMs: FIRST_PAUSE_MS });
    }, pauseMs);
  };

  return {
    isOpen: (key) => openLanes > 0 && lanes.get(laneOf(key))?.isOpen === true,
    isAnyOpen: () => openLanes > 0,
    trip(key) {
      const id = laneOf(key);
      const lane = lanes.get(id) ?? {
        isOpen: false,
        closedAt: Number.NEGATIVE_INFINITY,
        needed: 1,
        round: 0,
      };
      lanes.set(id, lane);
      if (lane.isOpen) return;
      const isSteady = ticks() - lane.closedAt >= STEADY_AFTER_MS;
      lane.needed = isSteady ? 1 : Math.min(2 * lane.needed, MOST_NEEDED);
      lane.isOpen = true;
      lane.round += 1;
      openLanes += 1;
      if (openLanes === 1) onChange('open');
      lookAgain(lane, key, { good: 0, pauseMs: 0 });
    },
    reset() {
      for (const lane of lanes.values()) close(lane);
    },
  };
}
