// What processes tell each other about entries: short texts on one channel of Redis, without personal data.
import { EventEmitter, once } from 'node:events';
import { isProblemSlug, Problem } from '../domain/problem.ts';
import { type Place, placeName } from './place.ts';

/** The channel. */
export const CHANNEL = 'c360:1:messages';

/** What another process did. */
export type Message =
  | ({ readonly kind: 'filled' } & Place)
  | ({ readonly kind: 'failed'; readonly problem: Problem } & Place)
  | { readonly kind: 'erased'; readonly identity: string; readonly generation: number };

/** The messages of other processes, and the texts of our own. */
export interface Messages {
  /** Takes a text from the channel; what is our own or cannot be read is passed over. */
  receive(text: string): void;
  /** Hears of each message. */
  onMessage(listener: (message: Message) => void): void;
  /** The next message about a key. Rejects when the signal ends. */
  next(place: Place, signal: AbortSignal): Promise<Message>;
  /** A field has been filled, or given up without a failure to tell. */
  filled(place: Place): string;
  failed(place: Place, problem: Problem): string;
  /** To be completed by the generation. */
  erased(identity: string): string;
  /** This process lives. It concerns no entry. */
  beat(): string;
}

const ANY = Symbol('any message');

/** @param from a name of this process, without spaces, that no other has */
export function createMessages(from: string): Messages {
  const emitter = new EventEmitter();
  return {
    receive(text) {
      const message = text.startsWith(`${from} `) ? undefined : readMessage(text);
      if (message === undefined) return;
      emitter.emit(ANY, message);
      if (message.kind !== 'erased') emitter.emit(nameOf(message), message);
    },
    onMessage: (listener) => void emitter.on(ANY, listener),
    async next(place, signal) {
      const [message] = await once(emitter, nameOf(place), { signal });
      return message as Message;
    },
    filled: ({ identity, field }) => `${from} filled ${identity} ${field}`,
    failed: ({ identity, field }, { slug, details }) =>
      `${from} failed ${identity} ${field} ${slug} ${details.retryAfterSeconds ?? ''}`,
    erased: (identity) => `${from} erased ${identity} `,
    beat: () => `${from} beat`,
  };
}

function readMessage(text: string): Message | undefined {
  const [, kind, identity = '', subject = '', slug = '', seconds = ''] = text.split(' ');
  if (identity === '' || subject === '') return undefined;
  if (kind === 'filled') return { kind, identity, field: subject };
  if (kind === 'erased') return { kind, identity, generation: Number(subject) };
  if (kind !== 'failed' || !isProblemSlug(slug)) return undefined;
  const problem = new Problem(slug, {
    reason: 'told by another process',
    ...(/^\d/.test(seconds) && { retryAfterSeconds: Number.parseFloat(seconds) }),
  });
  return { kind, identity, field: subject, problem };
}

/** An emitter has names of its own, such as `error`. */
function nameOf(place: Place): string {
  return `at ${placeName(place)}`;
}
