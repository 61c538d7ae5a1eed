// What happens inside, as typed events: logs and metrics subscribe to them, and tests assert their sequence.
import type { CacheKind } from '../domain/cache-key.ts';
import type { ProblemSlug } from '../domain/problem.ts';
import type { Region } from '../domain/region.ts';
import type { Priority, Tier } from '../domain/source.ts';

/** The vendor's two endpoints. */
export type UpstreamEndpoint = 'interactions' | 'summaries';

/** What in a vendor's answer was not as expected, though the answer was usable. */
export type Drift = 'unknown-field' | 'unknown-value' | 'wrong-type' | 'dropped-item';

/** How a lease ended; `lost` and `erased`: what was fetched came too late to be kept. */
export type LeaseOutcome =
  | 'stored'
  | 'too-large'
  | 'lost'
  | 'erased'
  | 'released'
  | 'failed'
  | 'joined';

/** One reply has left, or its caller has. No field ever holds personal data, a credential or a raw URL. */
export interface RequestEvent {
  readonly type: 'request';
  readonly requestId: string;
  readonly method: string;
  /** The route's pattern, or null if none matched. */
  readonly route: string | null;
  /** Null if the caller left before there was one. */
  readonly status: number | null;
  readonly durationMs: number;
  /** A hit, miss or refresh, a problem's slug, `aborted`, `incomplete` (parts of it are problems), or `ok`. */
  readonly outcome: string;
  /** Why it failed: a short code from inside, or null. */
  readonly reason: string | null;
  readonly app: string | null;
  readonly tenant: string | null;
  readonly strategy: string | null;
}

/** Everything that can happen. */
export type ServiceEvent =
  | RequestEvent
  /** A request is over a quota; `address`: that of failed credentials from one address. */
  | {
      readonly type: 'quota-refused';
      readonly policy: 'app' | 'address';
      readonly app: string | null;
    }
  /** A connection was closed unread, since there are as many as the process takes. */
  | { readonly type: 'connection-refused' }
  /** Connections are refused, since there are too many; or none was for a while. */
  | { readonly type: 'connections'; readonly state: 'full' | 'free' }
  /** A fetch was refused, since the process is short of time or memory. */
  | { readonly type: 'load-shed'; readonly reason: 'event-loop' | 'memory' }
  /** The process is short of time or memory, or of neither any more. */
  | { readonly type: 'load'; readonly shortage: 'event-loop' | 'memory' | null }
  | {
      readonly type: 'cache-read';
      readonly kind: CacheKind;
      /** `stale`: a hit past its fresh time, while it is fetched anew; `stale-if-error`: since fetching failed. */
      readonly outcome: 'hit' | 'stale' | 'stale-if-error' | 'miss' | 'refresh';
      readonly tier: Tier | 'none';
      /** Of `stale-if-error`: the problem that the failure alone would have been answered with. */
      readonly reason?: ProblemSlug;
      readonly count: number;
    }
  /** A fetch begins, for all who ask for the same. */
  | { readonly type: 'flight-begun'; readonly kind: CacheKind }
  /** A request waits for a fetch that another request of this process has begun. */
  | { readonly type: 'flight-joined'; readonly kind: CacheKind }
  /** A stale entry was fetched anew behind its callers' backs. */
  | {
      readonly type: 'background-refresh';
      readonly kind: CacheKind;
      readonly outcome: 'ok' | 'failed';
    }
  /** The end of a right to fetch, over all processes; `joined` if another process had it. */
  | {
      readonly type: 'lease';
      readonly kind: CacheKind;
      readonly outcome: LeaseOutcome;
    }
  /** Another process was fetching: it was waited for. */
  | { readonly type: 'lease-wait'; readonly kind: CacheKind; readonly durationMs: number }
  | {
      readonly type: 'upstream-call';
      readonly tenant: string;
      readonly region: Region;
      readonly endpoint: UpstreamEndpoint;
      readonly priority: Priority;
      readonly outcome: 'ok' | ProblemSlug;
      /** Why not: a status or an error's code; null if it went well. */
      readonly reason: string | null;
      readonly durationMs: number;
    }
  /** A call failed in passing; `spent`: so did what second tries may cost. */
  | {
      readonly type: 'upstream-retry';
      readonly tenant: string;
      readonly region: Region;
      readonly outcome: 'retried' | 'spent';
    }
  /** A tenant's calls are held back, pass again, or one of them shows how it fares. */
  | {
      readonly type: 'breaker';
      readonly tenant: string;
      readonly region: Region;
      readonly state: 'closed' | 'open' | 'half-open';
    }
  /** A call was counted against a tenant's budget, or found none left; or 8x8 refused one, which has lowered the rate. */
  | {
      readonly type: 'budget';
      readonly tenant: string;
      readonly outcome: 'taken' | 'spent' | 'lowered';
      readonly priority: Priority;
      /** The calls that are left; null where no budget limits them. */
      readonly left: number | null;
    }
  /** Calls to a region are refused, since too many wait; or none was for a while. */
  | { readonly type: 'bulkhead'; readonly region: Region; readonly state: 'full' | 'free' }
  /** Too many calls to a region are under way or wait. */
  | { readonly type: 'upstream-refused-place'; readonly region: Region }
  | {
      readonly type: 'upstream-drift';
      readonly endpoint: UpstreamEndpoint;
      readonly drift: Drift;
      readonly count: number;
    }
  /** Our key or tenant id was refused: somebody has to mend the configuration. */
  | {
      readonly type: 'upstream-refused-key';
      readonly tenant: string;
      readonly region: Region;
      /** Which of the tenant's configured keys, from 1 on. */
      readonly keyPosition: number;
      readonly status: number;
    }
  | {
      readonly type: 'store-failed';
      readonly operation: 'read' | 'write' | 'lease' | 'quota' | 'budget';
    }
  /** This process counts alone, by its share of so many processes, since Redis does not; or together with them again. */
  | {
      readonly type: 'counting';
      readonly of: 'quota' | 'budget';
      readonly state: 'alone' | 'shared';
      readonly replicas: number;
    }
  /** So many processes share Redis, this one included, as seen now. */
  | { readonly type: 'replicas'; readonly count: number }
  | { readonly type: 'entry-unreadable' }
  | { readonly type: 'redis-state'; readonly state: 'ready' }
  /** `failing`: connected, but commands are refused. `reason` is a code such as `ECONNREFUSED` or `OOM`. */
  | { readonly type: 'redis-state'; readonly state: 'lost' | 'failing'; readonly reason: string }
  /** Answers of Redis come too late, one by far or several by some (`open`): none is waited for until one is in time. */
  | { readonly type: 'redis-breaker'; readonly state: 'open' | 'closed' }
  /** The connection over which processes tell each other what they did to entries. */
  | { readonly type: 'redis-messages'; readonly state: 'ready' | 'lost' }
  /** A fault of ours. `stack` holds places in the code only, never the error's message. */
  | {
      readonly type: 'internal-error';
      readonly requestId: string | null;
      readonly name: string;
      readonly stack: readonly string[];
    };

/** Hears of what happens. Must not throw. */
export type Emit = (event: ServiceEvent) => void;

/** One emitter for several subscribers. */
export function emitTo(...subscribers: readonly Emit[]): Emit {
  return (event) => {
    for (const subscriber of subscribers) subscriber(event);
  };
}

/** An unexpected error as an event: its name and the places it came through, without its message. */
export function internalError(error: unknown, requestId: string | null): ServiceEvent {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { name, message, stack } = cause instanceof Error ? cause : new Error('thrown value');
  // A message may have lines that look like places.
  const places = (stack ?? '')
    .replace(message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return { type: 'internal-error', requestId, name, stack: places.map((line) => line.trim()) };
}
