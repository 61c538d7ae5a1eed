// A bounded record of what the sandbox received, for tests to read and to wait for.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Target } from './target.ts';

/** One request received. */
export interface Call extends Target {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** The status sent, or null as long as there is none (and for good, if the fault sends none). */
  readonly status: number | null;
  /** Settles when the exchange is over: all of the reply was sent, or the connection ended. */
  readonly outcome: Promise<'replied' | 'aborted'>;
}

/** What the sandbox received, oldest first. Only the newest are kept. */
export interface Calls {
  /** The calls that are kept, oldest first. */
  readonly all: readonly Call[];
  /** How many came since the start or the last `clear`. */
  readonly received: number;
  /** Forgets all of them, and counts from zero again. */
  clear(): void;
  /** The next call to come. */
  next(): Promise<Call>;
  /**
   * The n-th call (from 1) since the start or the last `clear`: at once if it came already.
   * @throws RangeError if it came, but is kept no longer.
   */
  nth(n: number): Promise<Call>;
}

/** A record that also adds, which is the server's part. */
export interface CallRecorder extends Calls {
  record(facts: Target & Pick<Call, 'method' | 'headers'>, response: ServerResponse): void;
}

/** A record of at most `maxCalls` calls. */
export function createCalls(maxCalls: number): CallRecorder {
  let kept: Call[] = [];
  let received = 0;
  let waiting: { readonly n: number; readonly resolve: (call: Call) => void }[] = [];

  const nth = async (n: number): Promise<Call> => {
    if (n > received) return new Promise((resolve) => waiting.push({ n, resolve }));
    const call = kept[kept.length - 1 - (received - n)];
    if (call === undefined) throw new RangeError(`Call ${n} is not kept`);
    return call;
  };

  return {
    get all() {
      return kept;
    },
    get received() {
      return received;
    },
    clear() {
      kept = [];
      received = 0;
    },
    next: () => nth(received + 1),
    nth,
    record(facts, response) {
      const call = observe(facts, response);
      kept.push(call);
      if (kept.length > maxCalls) kept.shift();
      received += 1;
      for (const { n, resolve } of waiting) if (n === received) resolve(call);
      waiting = waiting.filter(({ n }) => n !== received);
    },
  };
}

/** A call whose status follows the response, without holding on to it once it is over. */
function observe(facts: Target & Pick<Call, 'method' | 'headers'>, response: ServerResponse): Call {
  let current = (): number | null => (response.headersSent ? response.statusCode : null);
  const outcome = new Promise<'replied' | 'aborted'>((resolve) => {
    response.once('close', () => {
      const last = current();
      current = () => last;
      resolve(response.writableFinished ? 'replied' : 'aborted');
    });
  });
  return {
    ...facts,
    get status() {
      return current();
    },
    outcome,
  };
}
