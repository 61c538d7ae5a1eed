// A caller: an authenticated app, and what it may see and ask.
import type { Allowance } from './tenant.ts';

/** What an app may be allowed to do. */
export const SCOPES = ['read', 'summaries', 'refresh', 'export', 'erase'] as const;

/** One of the things an app may be allowed to do. */
export type Scope = (typeof SCOPES)[number];

/** An authenticated app. Frozen for the life of a configuration. */
export interface Caller {
  readonly app: string;
  /** The names of the tenants it may ask for, with `"*"` already resolved. */
  readonly tenants: ReadonlySet<string>;
  readonly scopes: ReadonlySet<Scope>;
  readonly quota: Allowance;
  /** Origins for CORS, as a browser sends them. */
  readonly origins: ReadonlySet<string>;
  /** Interaction fields that this app never sees. */
  readonly hide: ReadonlySet<string>;
}

/** A caller together with the SHA-256 hashes (32 bytes each) of its keys. */
export interface App {
  readonly caller: Caller;
  readonly keyHashes: readonly Buffer[];
}
