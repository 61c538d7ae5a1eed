// Whether something is full: told when it refuses for the first time, and when it has had room for a while.

/** Hears of each refusal, and tells when that begins and ends. */
export interface FullnessWatch {
  /** Something was refused, since there was no room for it. */
  noteRefusal(): void;
}

interface FullnessWatchOptions {
  readonly hasRoom: () => boolean;
  readonly onChange: (state: 'full' | 'free') => void;
  /** Runs something again and again; returns what ends that. */
  readonly every: (run: () => void, delayMs: number) => () => void;
}

/** It is free when it has room and nothing was refused for so long: where some are, that is not told time and again. */
const STEADY_AFTER_MS = 1_000;

/** Creates a watch; there is room at first. */
export function createFullnessWatch(options: FullnessWatchOptions): FullnessWatch {
  const { hasRoom, onChange, every } = options;
  let wasRefused = false;
  let endLooks: (() => void) | undefined;
  const look = () => {
    const isFree = !wasRefused && hasRoom();
    wasRefused = false;
    if (!isFree) return;
    endLooks?.();
    endLooks = undefined;
    onChange('free');
  };
  return {
    noteRefusal() {
      wasRefused = true;
      if (endLooks !== undefined) return;
      endLooks = every(look, STEADY_AFTER_MS);
      onChange('full');
    },
  };
}
