// Taking a call of a budget that apps share: the end of it is left to those who have not used their part.
import type { Allowance } from '../domain/tenant.ts';
import type { Budgets } from './local-budget.ts';
import type { Taken } from './token-bucket.ts';

/** What is counted, and by which name. */
export interface Account {
  readonly name: string;
  readonly allowance: Allowance;
}

/**
 * Takes one call for an app that somebody waits for. What refreshes would be given is there for every app; what is
 * below that, only for one whose own part, a budget beside the whole one, has a call as well.
 */
export async function takeFairly(budgets: Budgets, whole: Account, part: Account): Promise<Taken> {
  const ofAll = await budgets.take(whole.name, whole.allowance, 'refresh');
  const takePart = () => budgets.take(part.name, part.allowance, 'caller');
  if (ofAll.isAdmitted) {
    // Counted all the same, and not waited for.
    void takePart();
    return ofAll;
  }
  const waitOf = ({ name, allowance }: Account) => budgets.waitMs(name, allowance);
  // Where there is no call at all, it costs no part.
  if (ofAll.left < 1) return noLater(ofAll, Math.max(waitOf(whole), waitOf(part)));
  const ofPart = await takePart();
  if (!ofPart.isAdmitted) return noLater(ofAll, ofPart.waitMs);
  return budgets.take(whole.name, whole.allowance, 'caller');
}

function noLater(refused: Taken, waitMs: number): Taken {
  return { ...refused, waitMs: Math.min(refused.waitMs, waitMs) };
}
