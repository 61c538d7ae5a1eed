// The connection to Redis for messages: one that only listens, and begins again whenever it was lost.
import { Cluster, type Redis } from 'ioredis';
import type { Emit } from './telemetry/events.ts';

/** What is listened to. */
export interface Subscription {
  readonly channel: string;
  readonly listener: (text: string) => void;
  readonly emit: Emit;
}

const AGAIN_AFTER_MS = 1_000;
/** The client would subscribe again by itself, and let nobody catch what Redis refuses. */
const UNASSISTED = { autoResubscribe: false };

/**
 * Listens to a channel as long as there is a connection; what is published meanwhile is not heard.
 * Returns what ends it.
 */
export function subscribe(client: Redis | Cluster, subscription: Subscription): () => void {
  const { channel, listener, emit } = subscription;
  // A Cluster keeps a connection for subscriptions beside those for commands, and restores it by itself.
  const subscriber = client instanceof Cluster ? client : client.duplicate(UNASSISTED);
  let again: NodeJS.Timeout | undefined;
  let isListening = false;
  const begin = async (): Promise<void> => {
    clearTimeout(again);
    try {
      await subscriber.subscribe(channel);
      isListening = true;
      emit({ type: 'redis-messages', state: 'ready' });
    } catch {
      again = setTimeout(() => subscriber.status === 'ready' && begin(), AGAIN_AFTER_MS).unref();
    }
  };
  const lose = () => {
    if (isListening) emit({ type: 'redis-messages', state: 'lost' });
    isListening = false;
  };
  // Without a listener an error would end the process; why a connection is lost, the other one tells.
  subscriber.on('error', () => undefined);
  subscriber.on('message', (_channel: string, text: string) => listener(text));
  subscriber.on('ready', begin);
  subscriber.on('close', lose);
  if (subscriber.status === 'ready') void begin();
  return () => {
    clearTimeout(again);
    subscriber.off('close', lose);
    subscriber.disconnect();
  };
}
