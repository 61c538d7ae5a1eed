// Asks the vendor for stretches of a history, past its cap, several at a time, for as long as it may.
import { interactionFrom } from '../domain/customer.ts';
import type { Interaction } from '../domain/interaction.ts';
import { isProblem, Problem } from '../domain/problem.ts';
import { joinSpans, type Span } from '../domain/span.ts';
import { createSplitPlan } from '../domain/split-plan.ts';
import type { VendorCustomer, VendorInteraction } from '../domain/vendor-answer.ts';

/** What to fetch, and how. */
export interface HistoryFetch {
  readonly spans: readonly Span[];
  /** Asked first, in one call, where it is more than `spans`: if that holds all, nothing else is. */
  readonly whole: Span | null;
  /** When interactions of these spans started that are held already, in Unix seconds: there is at least so much. */
  readonly seen: readonly number[];
  /** The most calls; beyond them, and after a failure, the rest is left. */
  readonly maxCalls: number;
  /** The first second of the future. */
  readonly edge: number;
  readonly ask: (part: Span, isFirst: boolean) => Promise<VendorCustomer>;
  /** Ends when there is no time left. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface FetchedHistory {
  /** Everything that came, each id once. */
  readonly interactions: ReadonlyMap<string, Interaction>;
  /** About these all is told, as far as the vendor can. */
  readonly told: readonly Span[];
  /** Of these it holds more than it tells, or something that cannot be read. */
  readonly flawed: readonly Span[];
  readonly calls: number;
  /** Why not everything could be asked for; null where all was, or `maxCalls` reached. */
  readonly failure: Problem | null;
  /** The answer of the only call, if it held everything. */
  readonly only: VendorCustomer | null;
  /** True if an answer shows that the vendor does not look at when interactions end. */
  readonly isByStart: boolean;
}

/** Calls under way at once. */
const LANES = 8;

/** Fetches. Never rejects with a problem: what came before it is not lost. */
export async function fetchHistory(wanted: HistoryFetch): Promise<FetchedHistory> {
  const { whole, spans, seen, maxCalls, ask, edge, signal } = wanted;
  let plan = createSplitPlan({ spans: whole ? [whole] : spans, seen, lanes: LANES });
  let calls = 0;
  let failure: Error | null = null;
  let only: VendorCustomer | null = null;
  let isByStart = false;
  const interactions = new Map<string, Interaction>();
  /** From parts that hold more than was told: of use where those cannot be asked for. */
  const strays = new Map<string, Interaction>();
  const told: Span[] = [];
  const flawed: Span[] = [];

  const take = (part: Span, answer: VendorCustomer) => {
    const verdict = plan.told(part, { rows: answer.rows, instants: startsOf(answer) });
    const into = verdict === 'split' ? strays : interactions;
    for (const each of answer.interactions) into.set(each.interactionId, interactionFrom(each));
    isByStart ||= part.to < edge && answer.interactions.some((each) => showsStart(part, each));
    if (verdict === 'split') {
      if (whole && calls === 1) plan = createSplitPlan({ spans, seen, lanes: LANES });
      return;
    }
    told.push(part);
    if (verdict === 'gap' || answer.droppedRows > 0) flawed.push(part);
    else only = answer;
  };

  const askFor = async (part: Span) => {
    calls += 1;
    try {
      take(part, await ask(part, calls === 1));
    } catch (error) {
      failure ??= failureOf(error, signal);
    }
  };

  const underWay = new Set<Promise<void>>();
  const begin = () => {
    while (failure === null && calls < maxCalls) {
      const part = plan.next();
      if (part === undefined) return;
      const asking = askFor(part).then(() => void underWay.delete(asking));
      underWay.add(asking);
    }
  };
  begin();
  while (underWay.size > 0) {
    await Promise.race(underWay);
    begin();
  }

  if (failure !== null && !isProblem(failure)) throw failure;
  const isAll = plan.rest().length === 0;
  const found = isAll ? interactions : new Map([...strays, ...interactions]);
  if (calls > 1 || !isAll) only = null;
  return { interactions: found, told: joinSpans(told), flawed, calls, failure, only, isByStart };
}

function failureOf(error: unknown, { aborted }: AbortSignal): Error {
  if (aborted) return new Problem('upstream-timeout', { cause: error });
  return error instanceof Error ? error : new Error('Not an error', { cause: error });
}

/** In Unix seconds. */
function startsOf({ interactions }: VendorCustomer): readonly number[] {
  return interactions.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt / 1000]));
}

/** Whether a row that is in the answer to a part would not be there if the vendor looked at ends. */
function showsStart({ from, to }: Span, { startedAt, endedAt }: VendorInteraction): boolean {
  if (startedAt === null || endedAt === null) return false;
  return endedAt > (to + 1) * 1000 || endedAt < (from - 2) * 1000;
}
