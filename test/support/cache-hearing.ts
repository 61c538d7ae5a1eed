// What processes could not hear of each other: messages that were lost, and times without Redis.

/** A message about a customer (null: any) that a process did not hear. */
export interface Loss {
  readonly process: number;
  readonly customer: string | null;
  readonly step: number;
  readonly at: number;
}

/** What was not heard so far. */
export class Hearing {
  readonly #losses: Loss[] = [];
  readonly #cutUntil = new Map<number, number>();

  lose(loss: Loss): void {
    this.#losses.push(loss);
  }

  /** A process does not reach Redis until a step. */
  cut(process: number, untilStep: number): void {
    this.#cutUntil.set(process, untilStep);
  }

  /** True if a process has not reached Redis in a step, or later. */
  wasCut(process: number, step: number): boolean {
    return (this.#cutUntil.get(process) ?? -1) >= step;
  }

  wasAnyCut(): boolean {
    return this.#cutUntil.size > 0;
  }

  /** What a process has not heard about a customer since a step. */
  losses(process: number, customer: string, since: number): readonly Loss[] {
    return this.#losses.filter(
      (each) =>
        each.process === process &&
        (each.customer === null || each.customer === customer) &&
        each.step >= since,
    );
  }
}
