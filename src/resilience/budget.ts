// The layer that counts each call to the vendor against the budget of the key that it is made with.
import { isProblem, Problem, pauseAskedMs } from '../domain/problem.ts';
import { type Context, type Layer, type Priority, priorityOf } from '../domain/source.ts';
import type { Allowance, Tenant } from '../domain/tenant.ts';
import { type Account, takeFairly } from './fair-budget.ts';
import type { Budgets } from './local-budget.ts';

interface BudgetOptions {
  /** Of tenants with a budget. */
  readonly budgets: Budgets;
  /** Of the others: these know only the vendor's own refusals, and cost no look into Redis. */
  readonly unlimited: Budgets;
  /** The name of one of a tenant's keys, the same for the same key of whichever tenant. */
  readonly nameOf: (tenant: Tenant, keyIndex: number) => string;
  /** The app's part of that key's budget; null if it has all of it. */
  readonly partOf: (tenant: Tenant, keyIndex: number, app: string) => Account | null;
  readonly onEvent: (tenant: Tenant, event: BudgetEvent) => void;
}

/** A call may be made, or not; or the vendor has refused one, so that fewer are made from now on (once for many). */
export interface BudgetEvent {
  readonly outcome: 'taken' | 'spent' | 'lowered';
  readonly priority: Priority;
  /** The calls that are left, whole ones; null where no budget limits them. */
  readonly left: number | null;
}

/** What one call is counted against. */
interface Counting {
  take(): Promise<void>;
  lower(refusal: Problem): Promise<void>;
}

/** More than any vendor is asked. */
const UNLIMITED: Allowance = { requests: 1_000_000, perMs: 1_000 };
/** A vendor that refuses is left alone for so long at least, whatever it says. */
const LEAST_PAUSE_MS = 1_000;

/** @throws {Problem} `upstream-throttled`, with the time until there is a call again, when there is none */
export function budget<Query extends { readonly tenant: Tenant }, Answer>({
  budgets,
  unlimited,
  nameOf,
  partOf,
  onEvent,
}: BudgetOptions): Layer<Query, Answer> {
  const countingOf = ({ tenant }: Query, context: Context): Counting => {
    const [counter, allowance] = tenant.budget ? [budgets, tenant.budget] : [unlimited, UNLIMITED];
    const { app, keyIndex = 0 } = context;
    const name = nameOf(tenant, keyIndex);
    const priority = priorityOf(context);
    const part = priority === 'caller' ? partOf(tenant, keyIndex, app) : null;
    const tell = (outcome: BudgetEvent['outcome'], calls: number) =>
      onEvent(tenant, { outcome, priority, left: tenant.budget ? Math.floor(calls) : null });
    return {
      async take() {
        const taken = part
          ? takeFairly(counter, { name, allowance }, part)
          : counter.take(name, allowance, priority);
        const { isAdmitted, waitMs, left } = await taken;
        tell(isAdmitted ? 'taken' : 'spent', left);
        if (isAdmitted) return;
        const retryAfterSeconds = waitMs / 1000;
        throw new Problem('upstream-throttled', { reason: 'budget', retryAfterSeconds });
      },
      async lower(refusal) {
        const pauseMs = Math.max(pauseAskedMs(refusal) ?? 0, LEAST_PAUSE_MS);
        if (await counter.slow(name, allowance, pauseMs)) tell('lowered', 0);
      },
    };
  };
  return (next) => async (query, context) => {
    const counting = countingOf(query, context);
    await counting.take();
    try {
      return await next(query, context);
    } catch (error) {
      if (isProblem(error, 'upstream-throttled')) void counting.lower(error);
      throw error;
    }
  };
}
