// The breaker for Redis: one that answers too late is left alone until a look beside the requests is in time.

/** Says where Redis is left alone. */
export interface RedisBreaker {
  /** True while nobody is to wait for an answer about a key. */
  isOpen(key: string): boolean;
  /** True while that is so for any key. */
  isAnyOpen(): boolean;
  /** An answer about a key is overdue. */
  trip(key: string): void;
  /** There is a new connection, of which nothing bad is known. */
  reset(): void;
}

interface RedisBreakerOptions {
  /** Keys of one lane are late together, since they lie on one server. */
  readonly laneOf: (key: string) => number;
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
  pauseMs: number;
}

const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** A lane that opens again within this time is looked at less often. */
const STEADY_AFTER_MS = 10_000;

/**
 * Creates a breaker that is closed. One late answer opens it, so that a request waits in vain once at the most; the
 * first look follows at once, so that a Redis that was late once is back as soon as it answers.
 */
export function createRedisBreaker(options: RedisBreakerOptions): RedisBreaker {
  const { laneOf, probe, onChange, ticks, later } = options;
  const lanes = new Map<number, Lane>();
  let openLanes = 0;

  const close = (lane: Lane) => {
    if (!lane.isOpen) return;
    lane.isOpen = false;
    lane.closedAt = ticks();
    openLanes -= 1;
    if (openLanes === 0) onChange('closed');
  };

  const lookAgain = (lane: Lane, key: string) => {
    later(async () => {
      if (!lane.isOpen) return;
      const isInTime = await probe(key).then(
        () => true,
        () => false,
      );
      lane.pauseMs = Math.min(Math.max(SHORTEST_PAUSE_MS, 2 * lane.pauseMs), LONGEST_PAUSE_MS);
      if (isInTime) close(lane);
      else lookAgain(lane, key);
    }, lane.pauseMs);
  };

  const openLane = (key: string) => {
    const id = laneOf(key);
    const lane = lanes.get(id) ?? { isOpen: false, closedAt: Number.NEGATIVE_INFINITY, pauseMs: 0 };
    lanes.set(id, lane);
    if (lane.isOpen) return;
    if (ticks() - lane.closedAt >= STEADY_AFTER_MS) lane.pauseMs = 0;
    lane.isOpen = true;
    openLanes += 1;
    if (openLanes === 1) onChange('open');
    lookAgain(lane, key);
  };

  return {
    isOpen: (key) => openLanes > 0 && lanes.get(laneOf(key))?.isOpen === true,
    isAnyOpen: () => openLanes > 0,
    trip: openLane,
    reset() {
      for (const lane of lanes.values()) close(lane);
    },
  };
}
