// The canonical query for a customer.
import type { Identity } from './identity.ts';
import type { Tenant } from './tenant.ts';
import type { TimeRange } from './time-range.ts';

/** One search in canonical form: every spelling of the same question is an equal query. */
export interface CustomerQuery {
  readonly tenant: Tenant;
  readonly identity: Identity;
  readonly timeRange: TimeRange;
  /** Whether transcript summaries are joined. */
  readonly summaries: boolean;
}
