// The processes that share Redis: what they tell each other, how many they are, and whether they count together.
import { randomUUID } from 'node:crypto';
import { CHANNEL, createMessages, type Messages } from './cache/messages.ts';
import { everyUnreferenced } from './every.ts';
import type { RedisCommands } from './redis/commands.ts';
import type { RedisConnection } from './redis/connection.ts';
import { type AloneWatch, createAloneWatch } from './resilience/alone-watch.ts';
import { createReplicas, type Replicas } from './resilience/replicas.ts';
import type { Emit } from './telemetry/events.ts';

/** What a process has of the others. */
export interface Peers {
  readonly redis: RedisCommands;
  readonly messages: Messages;
  readonly replicas: Replicas;
  /** What to tell of each count that is shared with the others, or made alone. */
  watchCounting(of: 'quota' | 'budget'): AloneWatch;
}

const ticks = () => performance.now();

interface PeersOptions {
  /** How many processes serve callers here, this one included. */
  readonly processes: number;
  readonly emit: Emit;
}

/** Begins to listen to the others, and to tell them that this process lives. */
export function createPeers(
  { commands, subscribe }: RedisConnection,
  { processes, emit }: PeersOptions,
): Peers {
  const id = randomUUID();
  const messages = createMessages(id);
  const subscription = subscribe(CHANNEL, messages.receive);
  const message = { channel: CHANNEL, text: messages.beat() };
  const replicas = createReplicas({
    redis: commands,
    id,
    atLeast: processes,
    message,
    every: everyUnreferenced,
    ticks,
  });
  let told = 0;
  replicas.onBeat(({ isPublished }) => {
    if (isPublished) subscription.expectMessage();
    const count = replicas.count();
    if (count !== told) emit({ type: 'replicas', count });
    told = count;
  });
  return {
    redis: commands,
    messages,
    replicas,
    watchCounting(of) {
      const onChange = (state: 'alone' | 'shared') =>
        emit({ type: 'counting', of, state, replicas: replicas.count() });
      const watch = createAloneWatch({ onChange, ticks });
      // Nothing may be counted for long.
      replicas.onBeat(watch.noteShared);
      return watch;
    },
  };
}
