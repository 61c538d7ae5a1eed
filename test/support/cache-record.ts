// What happened around a cache of several processes, and what follows from it: a plain model without a cache in it.
import type { Instants } from '../../src/domain/freshness.ts';
import { isOutage, type Problem } from '../../src/domain/problem.ts';
import { Hearing } from './cache-hearing.ts';

/** One kept answer: a customer and a range. What is erased is erased by customer. */
export interface Subject {
  readonly customer: string;
  readonly range: string;
}

/** Somebody asks. Steps are numbered; within one step things happen at once. */
export interface Ask {
  readonly process: number;
  readonly subject: Subject;
  readonly refresh: boolean;
  readonly step: number;
  readonly at: number;
  /** False if the process has something to answer with at once. */
  readonly mayWait: boolean;
  isOver: boolean;
  /** The call to the vendor that its answer is from, if that was a hit. */
  hit?: Fetch;
}

/** A call to the vendor, and what came of it. */
export interface Fetch {
  readonly process: number;
  readonly subject: Subject;
  readonly step: number;
  /** False if the process did not reach Redis all the time. */
  isLeased: boolean;
  endedStep: number;
  endedAt: number;
  body: string;
  problem: Problem | undefined;
}

/** An answer that a process holds. */
export interface Kept {
  readonly fetch: Fetch;
  readonly instants: Instants;
}

interface BackOff {
  readonly count: number;
  readonly retryAt: number;
  readonly step: number;
  readonly kept: Kept;
}

/** In the worst case a process learns so late of what it was not told. */
const HEALING_MS = 10_000;
/** The shortest and, counted twice at the worst, the longest wait after so many failures in a row, in milliseconds. */
const waitMs = (doublings: number) => 0.75 * Math.min(1000 * 2 ** doublings, 60_000);

/** What happened. */
export class CacheRecord {
  readonly asks: Ask[] = [];
  readonly fetches: Fetch[] = [];
  step = 0;
  readonly now: () => number;
  readonly #processes: readonly number[];
  readonly #erasures: { readonly customer: string; readonly step: number }[] = [];
  /** Of processes that did not reach Redis: they hold nothing any more, and that is all. */
  readonly #erasuresHere: { process: number; customer: string; step: number; isCut: boolean }[] =
    [];
  readonly #hearing = new Hearing();
  readonly #forgotten = new Map<string, number>();
  readonly #held = new Map<string, Kept>();
  readonly #shared = new Map<Subject, Fetch>();
  readonly #backOffs = new Map<string, BackOff>();

  constructor(processes: readonly number[], now: () => number) {
    this.#processes = processes;
    this.now = now;
  }

  ask(wish: Pick<Ask, 'process' | 'subject' | 'refresh'>): Ask {
    const kept = this.kept(wish.process, wish.subject);
    const isAtHand = !wish.refresh && kept && this.now() < kept.instants.revalidateUntil;
    const ask = { ...wish, step: this.step, at: this.now(), mayWait: !isAtHand, isOver: false };
    this.asks.push(ask);
    return ask;
  }

  fetch(process: number, subject: Subject): Fetch {
    const isLeased = !this.wasCut(process, this.step);
    const ends = { endedStep: Number.POSITIVE_INFINITY, endedAt: Number.POSITIVE_INFINITY };
    const fetch = { process, subject, step: this.step, isLeased, ...ends };
    const started = { ...fetch, body: '', problem: undefined };
    this.fetches.push(started);
    return started;
  }

  end(fetch: Fetch, brought: { readonly body: string } | { readonly problem: Problem }): void {
    Object.assign(fetch, brought, { endedStep: this.step, endedAt: this.now() });
  }

  hold(process: number, kept: Kept): void {
    this.#held.set(nameOf(process, kept.fetch.subject), kept);
  }

  erase(process: number, customer: string): void {
    if (this.wasCut(process, this.step)) {
      this.#erasuresHere.push({ process, customer, step: this.step, isCut: true });
      return;
    }
    this.#erasures.push({ customer, step: this.step });
    this.forget(customer, 'entry');
  }

  /** A message about a customer, or (null) any, did not come through. */
  lose(process: number, customer: string | null): void {
    this.#hearing.lose({ process, customer, step: this.step, at: this.now() });
  }

  cut(process: number): void {
    this.#hearing.cut(process, Number.POSITIVE_INFINITY);
    for (const each of this.underWay()) if (each.process === process) each.isLeased = false;
  }

  mend(process: number): void {
    this.#hearing.cut(process, this.step);
    for (const each of this.#erasuresHere) if (each.process === process) each.isCut = false;
    this.lose(process, null);
  }

  /** Redis no longer holds what it held about a customer; without its generation it forgets erasures, too. */
  forget(customer: string, part: 'entry' | 'everything'): void {
    for (const subject of this.#shared.keys()) {
      if (subject.customer === customer) this.#shared.delete(subject);
    }
    if (part === 'everything') this.#forgotten.set(customer, this.step);
  }

  /** Draws the consequences of a step when all has come to rest. */
  endStep(): void {
    const ended = this.fetches.filter(({ endedStep }) => endedStep === this.step);
    for (const fetch of ended) {
      if (fetch.problem === undefined) this.forgetFailures(fetch.subject);
      if (this.#isShared(fetch)) this.#shared.set(fetch.subject, fetch);
    }
    for (const fetch of ended) if (isOutage(fetch.problem)) this.#backOff(fetch, fetch.problem);
    this.step += 1;
  }

  underWay(): readonly Fetch[] {
    return this.fetches.filter(({ endedStep }) => endedStep === Number.POSITIVE_INFINITY);
  }

  fetchedAt(at: number): Fetch | undefined {
    return this.fetches.find(({ endedAt, problem }) => endedAt === at && problem === undefined);
  }

  /** What a process must hold in memory, as far as that is certain. */
  kept(process: number, subject: Subject): Kept | undefined {
    const kept = this.#held.get(nameOf(process, subject));
    if (kept === undefined) return undefined;
    const erasures = this.erasures(subject.customer);
    const erasuresHere = this.#erasuresHere.filter(
      (each) => each.process === process && each.customer === subject.customer,
    );
    const isErased = [...erasures, ...erasuresHere].some(({ step }) => step >= kept.fetch.step);
    // A generation that is not as it was makes a process drop what it holds, to be on the safe side.
    const isShaken = this.#hearing.wasAnyCut() || this.#forgotten.has(subject.customer);
    return isErased || (isShaken && erasures.length > 0) ? undefined : kept;
  }

  /** The newest answer that Redis must hold. */
  shared(subject: Subject): Fetch | undefined {
    return this.#shared.get(subject);
  }

  /** What has come into Redis in this step. */
  sharedNow(subject: Subject): Fetch | undefined {
    return this.fetches.find(
      (each) => each.subject === subject && each.endedStep === this.step && this.#isShared(each),
    );
  }

  erasures(customer: string): readonly { readonly step: number }[] {
    return this.#erasures.filter((each) => each.customer === customer);
  }

  /** The steps in which a process has erased what it alone held, and has not reached Redis since. */
  erasedHere({ process, subject: { customer } }: Ask): readonly number[] {
    return this.#erasuresHere
      .filter((each) => each.isCut && each.process === process && each.customer === customer)
      .map(({ step }) => step);
  }

  /** True if Redis has forgotten an erasure that was made in a step. */
  hasForgotten(customer: string, step: number): boolean {
    return (this.#forgotten.get(customer) ?? -1) >= step;
  }

  wasCut(process: number, step: number): boolean {
    return this.#hearing.wasCut(process, step);
  }

  /** True if a process may not have been told of what was done to a customer in a step. */
  wasNotTold(process: number, customer: string, step: number): boolean {
    return this.wasCut(process, step) || this.#hearing.losses(process, customer, step).length > 0;
  }

  /** True if one who asks may still not know what was done in a step. */
  mayNotKnow({ process, subject, step, at }: Ask, since: number): boolean {
    const losses = this.#hearing.losses(process, subject.customer, since);
    return this.wasCut(process, step) || losses.some((loss) => at - loss.at < HEALING_MS);
  }

  /** The processes have been told that it may be tried again. */
  forgetFailures(subject: Subject): void {
    for (const process of this.#processes) this.#backOffs.delete(nameOf(process, subject));
  }

  /** True if a process has to leave the vendor alone. */
  backsOff(process: number, subject: Subject): boolean {
    const known = this.#backOffs.get(nameOf(process, subject));
    if (known === undefined || known.step === this.step) return false;
    const isUsable = this.kept(process, subject) === known.kept;
    return isUsable && this.now() < Math.min(known.retryAt, known.kept.instants.deleteAt);
  }

  /** True if others have been fetched or tried since. */
  wasTriedAgain(fetch: Fetch): boolean {
    return this.fetches.some(
      ({ subject, endedAt }) => subject === fetch.subject && endedAt > fetch.endedAt,
    );
  }

  /** True if such a status was brought by a failure since an answer was fetched, and is told now or still bears. */
  hasFailed({ subject, step, at }: Ask, status: number, since: number): boolean {
    const failures = this.fetches.filter(
      (each) => each.subject === subject && isOutage(each.problem) && each.endedAt >= since,
    );
    return failures.some(({ problem, endedAt, endedStep }, index) => {
      const asked = (problem?.details.retryAfterSeconds ?? 0) * 1000;
      const until = endedAt + Math.max(waitMs(2 * index + 1), asked);
      return problem?.status === status && (endedStep >= step || at < until);
    });
  }

  #isShared({ problem, isLeased, subject: { customer }, step }: Fetch): boolean {
    const isErased = this.erasures(customer).some((each) => each.step >= step);
    // What Redis does not know as it did when the lease was taken may not be kept.
    return problem === undefined && isLeased && !isErased && !this.hasForgotten(customer, step);
  }

  #backOff({ process, subject, isLeased, endedAt }: Fetch, problem: Problem): void {
    const isNewest = (kept: Kept) =>
      !this.fetches.some(
        (each) =>
          each.subject === subject &&
          each.problem === undefined &&
          each.endedStep <= this.step &&
          each.endedAt > kept.instants.fetchedAt,
      );
    for (const each of this.#processes) {
      const kept = this.kept(each, subject);
      const isTold = isLeased && !this.wasNotTold(each, subject.customer, this.step);
      if (kept && isNewest(kept) && (each === process || isTold)) {
        const count = (this.#backOffs.get(nameOf(each, subject))?.count ?? 0) + 1;
        const asked = (problem.details.retryAfterSeconds ?? 0) * 1000;
        const retryAt = endedAt + Math.max(waitMs(count - 1), asked);
        this.#backOffs.set(nameOf(each, subject), { count, retryAt, step: this.step, kept });
      }
    }
  }
}

function nameOf(process: number, { customer, range }: Subject): string {
  return `${process} ${customer} ${range}`;
}
