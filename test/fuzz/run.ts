// A run: exchange after exchange, many at a time, until enough has been asked or too much is wrong.
import { bytesOf, type Exchange, makeExchange, requestsIn, type Script } from './exchange.ts';
import type { Judge } from './judge.ts';
import { converse, type Outcome } from './wire.ts';
import type { Origins } from './world.ts';

/** What a run is made of. */
export interface RunOptions extends Script {
  readonly origins: Origins;
  readonly judge: Judge;
  /** Requests to send at least. */
  readonly requests: number;
  /** Called before each exchange begins. */
  readonly onExchange?: (number: number) => void;
}

/** One exchange as a report shows it. */
export interface Trial {
  readonly number: number;
  readonly kind: string;
  /** The rules that were broken. */
  readonly rules: readonly string[];
  /** What was sent and what came back, with everything that is not printable escaped. */
  readonly sent: string;
  readonly received: string;
}

/** What a run has seen. */
export interface Summary {
  readonly requests: number;
  readonly exchanges: number;
  readonly replies: number;
  readonly kinds: ReadonlyMap<string, number>;
  readonly statuses: ReadonlyMap<number, number>;
  /** Those in which a rule was broken. */
  readonly breaches: readonly Trial[];
  readonly durationMs: number;
}

const AT_A_TIME = 32;
const ENOUGH_BREACHES = 5;
const MOST_SHOWN = 4_000;

/** Runs. */
export async function run(options: RunOptions): Promise<Summary> {
  const startedAt = performance.now();
  const tally = createTally();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (tally.requests < options.requests && tally.breaches.length < ENOUGH_BREACHES) {
      const number = next;
      next += 1;
      options.onExchange?.(number);
      const exchange = makeExchange(options, number);
      tally.requests += requestsIn(exchange);
      tally.add(exchange, await tryOne(exchange, options));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return { ...tally, exchanges: next, durationMs: performance.now() - startedAt };
}

/** Has one exchange and judges every reply. */
export async function tryOne(
  exchange: Exchange,
  { origins, judge }: Pick<RunOptions, 'origins' | 'judge'>,
): Promise<Outcome & { readonly trial: Trial }> {
  const outcome = await converse(exchange, origins);
  const rules = [
    ...outcome.answered.flatMap(({ asked, reply }, at) =>
      judge(asked, reply).map((rule) => `reply ${at + 1}: ${rule}`),
    ),
    ...(outcome.failure === null ? [] : [outcome.failure]),
  ];
  const { number, kind } = exchange;
  const [sent, received] = [shown(bytesOf(exchange)), textOf(outcome)];
  return { ...outcome, trial: { number, kind, rules, sent, received } };
}

function createTally() {
  const kinds = new Map<string, number>();
  const statuses = new Map<number, number>();
  const breaches: Trial[] = [];
  const tally = {
    requests: 0,
    replies: 0,
    kinds,
    statuses,
    breaches,
    add({ kind, ...exchange }: Exchange, { answered, trial }: Awaited<ReturnType<typeof tryOne>>) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + requestsIn({ kind, ...exchange }));
      tally.replies += answered.length;
      for (const { reply } of answered) {
        statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      }
      if (trial.rules.length > 0) breaches.push(trial);
    },
  };
  return tally;
}

function textOf({ answered }: Outcome): string {
  const texts = answered.map(({ reply: { status, headers, body } }) => {
    const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
    return [status, ...lines, shown(body)].join('\n');
  });
  return texts.join('\n\n');
}

/** Bytes as one would write them in a source file. */
function shown(bytes: Buffer): string {
  const text = bytes
    .toString('latin1')
    .replace(/\\/g, '\\\\')
    .replace(/[^\n\x20-\x7e]/g, (byte) => ESCAPES.get(byte) ?? hex(byte))
    .replaceAll('\n', '\\n\n');
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}… (${bytes.length} bytes)` : text;
}

const ESCAPES = new Map([
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function hex(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
