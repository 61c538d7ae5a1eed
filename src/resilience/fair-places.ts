// The places for calls that apps share: each has its turn, and none can keep the others out of the line.

/** So many calls at once, and a line for those who wait for one of them to end. */
export interface FairPlaces {
  readonly hasFree: boolean;
  readonly hasRoomToWait: boolean;
  /** Takes a place that is free, else waits for the app's turn, for `waitMs` at most. */
  take(app: string, patience: Patience): Turn | Promise<Turn>;
  /** Gives back what the app has taken, to the next one. */
  giveBack(app: string): void;
  /** How they are taken now. */
  taken(): TakenPlaces;
}

/** How long a place is of use. */
interface Patience {
  readonly signal: AbortSignal | undefined;
  /** May be infinite. */
  readonly waitMs: number;
}

/** What became of it: a place, none to wait in, or none in time. */
type Turn = 'taken' | 'crowded-out' | 'waited-too-long';

/** Numbers of calls. */
export interface TakenPlaces {
  readonly underWay: number;
  readonly waiting: number;
}

/** What one app has of them. */
interface Share {
  underWay: number;
  /** The number of the place that it was given last; 0: none yet. */
  lastGiven: number;
  /** Its own part of the line, in the order of asking. */
  readonly line: ((turn: Turn) => void)[];
}

/**
 * A place goes to the app with the fewest calls under way of those that wait; of several, to the one that was given
 * none for longest. Where nobody else can wait, the app with the longest line loses the end of it to one with less.
 */
export function createFairPlaces(calls: number, waiting: number): FairPlaces {
  const shares = new Map<string, Share>();
  let underWay = 0;
  let inLine = 0;
  let given = 0;

  const shareOf = (app: string): Share => {
    const share = shares.get(app) ?? { underWay: 0, lastGiven: 0, line: [] };
    shares.set(app, share);
    return share;
  };

  /** The one of those that wait to which none is preferred. */
  const pick = (isPreferred: (one: Share, other: Share) => boolean): Share | undefined => {
    let picked: Share | undefined;
    for (const share of shares.values()) {
      if (share.line.length === 0) continue;
      if (picked === undefined || isPreferred(share, picked)) picked = share;
    }
    return picked;
  };

  const give = (share: Share) => {
    underWay += 1;
    share.underWay += 1;
    given += 1;
    share.lastGiven = given;
  };

  const giveToNext = () => {
    const next = pick(isBefore);
    const settle = next?.line.shift();
    if (next === undefined || settle === undefined) return;
    inLine -= 1;
    give(next);
    settle('taken');
  };

  /** Whether one more of this app may wait, which may cost another one its place in the line. */
  const makeRoom = ({ line }: Share): boolean => {
    if (inLine < waiting) return true;
    const longest = pick((one, other) => one.line.length > other.line.length);
    // Not where both would only change their parts.
    if (longest === undefined || longest.line.length <= line.length + 1) return false;
    inLine -= 1;
    longest.line.pop()?.('crowded-out');
    return true;
  };

  const wait = (share: Share, { signal, waitMs }: Patience): Promise<Turn> => {
    const { promise, resolve } = Promise.withResolvers<Turn>();
    const settle = (turn: Turn) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
      resolve(turn);
    };
    const leave = () => {
      share.line.splice(share.line.indexOf(settle), 1);
      inLine -= 1;
      settle('waited-too-long');
    };
    const timer = Number.isFinite(waitMs) ? setTimeout(leave, waitMs) : undefined;
    signal?.addEventListener('abort', leave);
    share.line.push(settle);
    inLine += 1;
    return promise;
  };

  return {
    get hasFree() {
      return underWay < calls;
    },
    get hasRoomToWait() {
      return inLine < waiting;
    },
    take(app, patience) {
      if (patience.signal?.aborted) return 'waited-too-long';
      const share = shareOf(app);
      if (underWay < calls) {
        give(share);
        return 'taken';
      }
      if (patience.waitMs <= 0) return 'waited-too-long';
      return makeRoom(share) ? wait(share, patience) : 'crowded-out';
    },
    giveBack(app) {
      underWay -= 1;
      shareOf(app).underWay -= 1;
      giveToNext();
    },
    taken: () => ({ underWay, waiting: inLine }),
  };
}

/** Whether a place goes to the one rather than to the other. */
function isBefore(one: Share, other: Share): boolean {
  if (one.underWay !== other.underWay) return one.underWay < other.underWay;
  return one.lastGiven < other.lastGiven;
}
