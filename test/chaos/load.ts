// A steady load: so many requests a second of each group, whether answers come or not.
import type { Balancer } from './balancer.ts';
import { type Customer, type Customers, GROUPS, type Group } from './customers.ts';
import { noAnswer, readAnswer, type Sample } from './sample.ts';

/** Requests a second. */
export type Rates = Readonly<Record<Group, number>>;

/** A load that runs. */
export interface Load {
  /** All that has come back so far, in the order in which it did. */
  readonly samples: readonly Sample[];
  /** How many requests were not sent: too many were under way, or no replica was ready. */
  readonly notSent: number;
  /** Sends no more. Resolves when all that was sent has come back. */
  stop(): Promise<void>;
}

interface LoadOptions {
  readonly balancer: Balancer;
  readonly customers: Customers;
  readonly rates: Rates;
}

const TICK_MS = 5;
/** After a pause of this process not all that was missed comes at once. */
const MOST_OWED = 5;
const MAX_UNDER_WAY = 500;

/** Begins to send. */
export function startLoad({ balancer, customers, rates }: LoadOptions): Load {
  const samples: Sample[] = [];
  const underWay = new Set<Promise<void>>();
  const owed: Record<Group, number> = { hot: 0, stale: 0, lapsed: 0, cold: 0 };
  let notSent = 0;
  let lastAt = performance.now();

  const send = async (customer: Customer): Promise<void> => {
    const sample = await askFor(customer, balancer, customers.judge);
    if (sample === undefined) notSent += 1;
    else samples.push(sample);
  };
  const sendDue = (group: Group, elapsedMs: number) => {
    owed[group] = Math.min(owed[group] + (rates[group] * elapsedMs) / 1000, MOST_OWED);
    for (; owed[group] >= 1; owed[group] -= 1) {
      if (underWay.size >= MAX_UNDER_WAY) {
        notSent += 1;
        continue;
      }
      const sending = send(customers.next(group)).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
  };
  const timer = setInterval(() => {
    const now = performance.now();
    for (const group of GROUPS) sendDue(group, now - lastAt);
    lastAt = now;
  }, TICK_MS);
  return {
    samples,
    get notSent() {
      return notSent;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

/** Asks once; undefined if there is nobody to ask. */
export async function askFor(
  customer: Customer,
  balancer: Balancer,
  judge: Customers['judge'],
): Promise<Sample | undefined> {
  const passed = await balancer.pass(customer.path);
  if (passed === undefined) return undefined;
  const { origin, sentAt, answer, error } = passed;
  const tookMs = performance.now() - sentAt;
  const reading = answer ? readAnswer(answer, customer, judge) : noAnswer(error);
  return { customer, origin, sentAt, tookMs, ...reading };
}
