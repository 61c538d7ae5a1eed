// What a cache of several processes may answer and ask: the rules, judged by the record of what happened.
import { freshness, type Instants } from '../../src/domain/freshness.ts';
import { isOutage, type Problem } from '../../src/domain/problem.ts';
import type { Provenance } from '../../src/domain/source.ts';
import type { Ask, CacheRecord, Fetch } from './cache-record.ts';

/** An answer as the cache gave it. */
export interface Answered {
  readonly body: string;
  readonly instants: Instants;
  readonly provenance: Provenance;
}

type Rule = readonly [isKept: boolean, text: string];

/** The rules that an answer breaks. */
export function faultsOfAnswer(record: CacheRecord, ask: Ask, answer: Answered): readonly string[] {
  const fetch = record.fetchedAt(answer.instants.fetchedAt);
  if (fetch === undefined) return ['answered with what the vendor never said'];
  return broken([
    [fetch.subject === ask.subject, 'answered with what belongs to another'],
    [fetch.body === answer.body, 'answered with other bytes than the vendor gave'],
    [isYoungEnough(record, ask, { answer, fetch }), `too old for a ${answer.provenance.outcome}`],
    [!isErased(record, ask, { answer, fetch }), 'answered with what had been erased'],
    [!isOutdated(record, ask, { answer, fetch }), 'answered with less than what Redis held'],
    [
      ask.mayWait || answer.provenance.outcome === 'hit' || !isStillKept(record, ask),
      'what could be answered at once was not',
    ],
  ]);
}

/** The rules that a problem in the place of an answer breaks. */
export function faultsOfProblem(
  record: CacheRecord,
  ask: Ask,
  problem: Problem,
): readonly string[] {
  const { subject, process, step } = ask;
  const cause = record.fetches.find(
    (each) =>
      each.subject === subject && each.endedStep >= step && each.problem?.slug === problem.slug,
  );
  const kept = record.kept(process, subject);
  const shared = record.wasCut(process, step) ? undefined : record.shared(subject);
  const isSharedUsable = shared !== undefined && shared.endedStep < step;
  const usable = [kept?.instants.fetchedAt, isSharedUsable ? shared.endedAt : undefined];
  const isUsable = usable.some((at) => at !== undefined && record.now() < at + LIFE_MS);
  return broken([
    [cause !== undefined, 'a problem that the vendor did not cause'],
    [!(isOutage(problem) && isUsable), 'a problem although something usable was kept'],
  ]);
}

/** The rules that a call to the vendor breaks as it begins. */
export function faultsOfFetch(record: CacheRecord, fetch: Fetch): readonly string[] {
  const { process, subject, isLeased } = fetch;
  const others = record.underWay().filter((each) => each !== fetch && each.subject === subject);
  const kept = record.kept(process, subject);
  const isFresh = kept && freshness(kept.instants, record.now()) === 'fresh';
  const shared = record.shared(subject) ?? record.sharedNow(subject);
  const isFreshThere = isLeased && shared && record.now() - shared.endedAt < LIFETIME.freshMs;
  const isWished = record.asks.some(
    (ask) => ask.process === process && ask.subject === subject && ask.refresh && !ask.isOver,
  );
  return broken([
    [!others.some((each) => each.process === process), 'two flights for one key in a process'],
    [!(isLeased && others.some((each) => each.isLeased)), 'two flights for one key over processes'],
    [!record.backsOff(process, subject), 'the vendor was called before the back-off had ended'],
    [isWished || !isFresh, 'the vendor was called though something fresh was at hand'],
    [isWished || !isFreshThere, 'the vendor was called though Redis held something fresh'],
  ]);
}

/** The rules that are broken at the end of a step, when all has come to rest. */
export function faultsAtRest(record: CacheRecord): readonly string[] {
  const waiting = record.asks.filter((ask) => !ask.isOver && !ask.mayWait);
  const forgotten = record.asks.filter(({ step, at, hit }) => {
    if (hit === undefined || step !== record.step) return false;
    return at - hit.endedAt >= LIFETIME.freshMs && !record.wasTriedAgain(hit);
  });
  return broken([
    [forgotten.length === 0, 'answered with what is stale, and did not fetch it anew'],
    [!waiting.some((ask) => isStillKept(record, ask)), 'waited for what could be answered at once'],
  ]);
}

/** The lifetimes by which the rules judge, in milliseconds; `random` is 0.5, so there is no jitter. */
export const LIFETIME = {
  freshMs: 60_000,
  staleWhileRevalidateMs: 60_000,
  staleIfErrorMs: 300_000,
};
const LIFE_MS = LIFETIME.freshMs + LIFETIME.staleIfErrorMs;

interface Traced {
  readonly answer: Answered;
  readonly fetch: Fetch;
}

/** Age is judged by the instants of the fetch itself, not by those that the cache tells. */
function isYoungEnough(record: CacheRecord, ask: Ask, { answer, fetch }: Traced): boolean {
  const { provenance } = answer;
  const age = ask.at - fetch.endedAt;
  if (provenance.outcome === 'hit') {
    return !ask.refresh && age < LIFETIME.freshMs + LIFETIME.staleWhileRevalidateMs;
  }
  if (provenance.outcome !== 'stale') {
    // One who was not told that others have fetched it may have gone on waiting for them.
    const { process, subject } = ask;
    const { endedStep } = fetch;
    return endedStep >= ask.step || record.wasNotTold(process, subject.customer, endedStep);
  }
  return age < LIFE_MS && record.hasFailed(ask, provenance.status, fetch.endedAt);
}

/** Those who waited for a call may have its answer; what is kept must have been asked for after the erasure. */
function isErased(record: CacheRecord, ask: Ask, { answer, fetch }: Traced): boolean {
  const { process, subject } = ask;
  const { outcome } = answer.provenance;
  const isKept = outcome === 'hit' || outcome === 'stale';
  const fetchStep = isKept ? fetch.step : fetch.endedStep;
  if (record.erasedHere(ask).some((step) => step < ask.step && fetchStep < step)) return true;
  return record.erasures(subject.customer).some(({ step }) => {
    if (step >= ask.step || fetchStep >= step || record.mayNotKnow(ask, step)) return false;
    const isSurelyKnown =
      !record.wasNotTold(process, subject.customer, step) && fetch.endedStep < step;
    return isSurelyKnown || !record.hasForgotten(subject.customer, step);
  });
}

function isOutdated(record: CacheRecord, ask: Ask, { fetch }: Traced): boolean {
  const newest = record.shared(ask.subject);
  if (newest === undefined || newest.endedStep >= ask.step) return false;
  return fetch.endedAt < newest.endedAt && !record.mayNotKnow(ask, newest.endedStep);
}

function isStillKept(record: CacheRecord, { process, subject }: Ask): boolean {
  return record.kept(process, subject) !== undefined;
}

function broken(rules: readonly Rule[]): readonly string[] {
  return rules.filter(([isKept]) => !isKept).map(([, text]) => text);
}
