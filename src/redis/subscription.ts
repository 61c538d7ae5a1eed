// The connection to Redis for messages: one that only listens, and is made anew whenever it was lost.
import { Cluster, type Redis } from 'ioredis';
import type { Emit } from '../telemetry/events.ts';

/** What is listened to. */
interface SubscriptionOptions {
  readonly channel: string;
  readonly listener: (text: string) => void;
  readonly emit: Emit;
  /** The wait before the n-th try to connect or to listen again, in milliseconds. */
  readonly reconnectDelayMs: (attempt: number) => number;
}

/** A subscription that lasts until it is ended; what is published while there is no connection is not heard. */
export interface Subscription {
  /** A message has been sent to all. A connection that is silent all the same is given up. */
  expectMessage(): void;
  end(): void;
}

/** So many messages that all should have heard may still be on their way. */
const MOST_UNHEARD = 1;
/** How this differs from the connection for commands: it is made anew here, and is no connection to a replica. */
const ANEW = {
  autoResubscribe: false,
  lazyConnect: false,
  readOnly: false,
  retryStrategy: () => null,
};

/** Listens to a channel. */
export function subscribe(
  client: Redis | Cluster,
  { channel, listener, emit, reconnectDelayMs }: SubscriptionOptions,
): Subscription {
  let subscriber: Redis | undefined;
  let timer: NodeJS.Timeout | undefined;
  let attempt = 0;
  let unheard = 0;
  let isListening = false;
  let isRefusalTold = false;
  let isEnded = false;

  const later = (run: () => void, delayMs: number) => {
    clearTimeout(timer);
    if (!isEnded) timer = setTimeout(run, delayMs).unref();
  };

  const begin = async (current: Redis) => {
    try {
      await current.subscribe(channel);
      attempt = 0;
      unheard = 0;
      isListening = true;
      isRefusalTold = false;
      emit({ type: 'redis-messages', state: 'ready' });
    } catch {
      // Lost meanwhile: its end leads to another one.
      if (current.status !== 'ready') return;
      if (!isRefusalTold) tellRefusal();
      attempt += 1;
      later(() => current.status === 'ready' && begin(current), reconnectDelayMs(attempt));
    }
  };

  const tellRefusal = () => {
    isRefusalTold = true;
    emit({ type: 'redis-messages', state: 'lost' });
  };

  const lose = () => {
    if (isListening && !isEnded) emit({ type: 'redis-messages', state: 'lost' });
    isListening = false;
    attempt += 1;
    later(connect, reconnectDelayMs(attempt));
  };

  function connect(): void {
    const current = duplicateOf(client);
    subscriber = current;
    if (current === undefined) {
      lose();
      return;
    }
    // Without a listener an error would end the process; why a connection is lost, the other one tells.
    current.on('error', () => undefined);
    current.on('message', (_channel: string, text: string) => {
      unheard = 0;
      listener(text);
    });
    current.on('ready', () => begin(current));
    current.once('end', lose);
  }

  connect();
  return {
    expectMessage() {
      unheard += 1;
      if (isListening && unheard > MOST_UNHEARD) subscriber?.disconnect();
    },
    end() {
      isEnded = true;
      clearTimeout(timer);
      subscriber?.disconnect();
    },
  };
}

/** Any node of a Cluster hears what is published on one. Undefined if none is known. */
function duplicateOf(client: Redis | Cluster): Redis | undefined {
  if (!(client instanceof Cluster)) return client.duplicate(ANEW);
  const nodes = client.nodes('all');
  return nodes[Math.floor(Math.random() * nodes.length)]?.duplicate(ANEW);
}
