// A tenant: the isolation unit, and the settings by which its customers are looked up and remembered.
import type { Region } from './region.ts';

/** How long an answer may be used. All are milliseconds. */
export interface FreshnessPolicy {
  /** Fresh time of a range that ends less than `settleMs` ago, or not at all. */
  readonly openMs: number;
  /** Fresh time of a range that ended `settleMs` ago or earlier. */
  readonly closedMs: number;
  /** After this long the vendor no longer changes an interaction. */
  readonly settleMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** So many requests in a window of so many milliseconds. */
export interface Allowance {
  readonly requests: number;
  readonly perMs: number;
}

/** A tenant as configured. Holds no secret: the vendor's keys are handed to the upstream client alone. */
export interface Tenant {
  /** Our name for it, which callers use. */
  readonly name: string;
  /** The vendor's identifier. */
  readonly tenantId: string;
  readonly region: Region;
  /** ISO 3166 alpha-2, for phone numbers in national format; absent: such numbers are refused. */
  readonly defaultCountry?: string;
  readonly emailCaseSensitive: boolean;
  /** The step, in milliseconds (whole seconds), to which the ends of a time range are rounded. */
  readonly timeGridMs: number;
  readonly freshness: FreshnessPolicy;
  /** Calls to the vendor with this tenant's key, by all replicas; absent: only the vendor limits them. */
  readonly budget?: Allowance;
}
