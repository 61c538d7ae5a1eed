// The one shape between the edge and the vendor: sources, and layers that wrap them.
import type { Instants } from './freshness.ts';
import type { InteractionField } from './interaction.ts';
import type { ProblemSlug } from './problem.ts';

/** Answers a canonical query. @throws {Problem} and nothing else */
export type Source<Query, Answer> = (query: Query, context: Context) => Promise<Answer>;

/** Adds one behaviour around the next source. */
export type Layer<Query, Below, Above = Below> = (
  next: Source<Query, Below>,
) => Source<Query, Above>;

/** Who wants a call to the vendor: somebody waits for it, it renews what is stale, or it is part of an export. */
export type Priority = 'caller' | 'refresh' | 'export';

/** What accompanies a query on its way, and is no part of what is asked. */
export interface Context {
  /** The name of the app that asks, or that asked for what is now fetched anew behind its back. */
  readonly app: string;
  /** The caller wants it fetched anew. */
  readonly refresh: boolean;
  /** True if nobody waits for the answer: what is stale is then fetched anew, not answered with. */
  readonly isBackground?: boolean;
  /** Absent: `refresh` in the background, else `caller`. */
  readonly priority?: Priority;
  /** What the caller sees of the answer; only the outermost layer looks at it. */
  readonly view: View;
  /** Ends when the time allowed for the answer is over. Absent above the layer that sets it. */
  readonly signal?: AbortSignal;
  /** When that will be, by `performance.now()`. */
  readonly endsAt?: number;
  /** Which of the tenant's vendor keys this attempt uses. Absent above the layer that sets it. */
  readonly keyIndex?: number;
}

/** For whom a call is made. */
export function priorityOf({ priority, isBackground }: Context): Priority {
  return priority ?? (isBackground ? 'refresh' : 'caller');
}

/** A content coding that we produce. */
export type Coding = 'br' | 'gzip';

/** What one app sees of an answer, and in which coding. */
export interface View {
  /** Interaction fields to keep; null for all. */
  readonly fields: ReadonlySet<InteractionField> | null;
  /** Interaction fields that the app never sees. */
  readonly hide: ReadonlySet<string>;
  readonly coding: Coding | null;
}

/** An answer that can be kept: the model as JSON, and its instants. */
export interface Fetched {
  readonly body: Buffer;
  readonly instants: Instants;
  /** Present if a part of it is used past its time, because fetching it failed; then it is not to be kept. */
  readonly staleIfError?: StaleIfError;
}

/** An answer is used past its time because fetching it anew failed. */
export interface StaleIfError {
  readonly outcome: 'stale';
  /** The problem that the failure alone would have been answered with, and its status. */
  readonly reason: ProblemSlug;
  readonly status: number;
}

/** A tier of the cache. */
export type Tier = 'memory' | 'redis';

/**
 * Where an answer came from (RFC 9211). A hit may be stale, while it is fetched anew. `collapsed` is true for those
 * who waited for a fetch that others had begun.
 */
export type Provenance =
  | { readonly outcome: 'hit'; readonly tier: Tier }
  | {
      readonly outcome: 'miss' | 'refresh';
      readonly stored: boolean;
      readonly collapsed: boolean;
    }
  | StaleIfError;

/** The bytes of an answer in one coding. The tag is strong: it stands for these very bytes. */
export interface Representation {
  readonly body: Buffer;
  readonly etag: string;
  readonly coding: Coding | null;
}

/** An answer as the edge sends it. */
export interface Reply {
  readonly representation: Representation;
  readonly instants: Instants;
  readonly provenance: Provenance;
}

/** Composes layers, outermost first, in the order in which a query meets them. */
export function pipe<Q, A, B>(a: Layer<Q, B, A>): Layer<Q, B, A>;
export function pipe<Q, A, B, C>(a: Layer<Q, B, A>, b: Layer<Q, C, B>): Layer<Q, C, A>;
export function pipe<Q, A, B, C, D>(
  a: Layer<Q, B, A>,
  b: Layer<Q, C, B>,
  c: Layer<Q, D, C>,
): Layer<Q, D, A>;
export function pipe<Q, A, B, C, D, E>(
  a: Layer<Q, B, A>,
  b: Layer<Q, C, B>,
  c: Layer<Q, D, C>,
  d: Layer<Q, E, D>,
): Layer<Q, E, A>;
export function pipe<Q, A, B, C, D, E, F>(
  a: Layer<Q, B, A>,
  b: Layer<Q, C, B>,
  c: Layer<Q, D, C>,
  d: Layer<Q, E, D>,
  e: Layer<Q, F, E>,
): Layer<Q, F, A>;
export function pipe<Q, A, B, C, D, E, F, G>(
  a: Layer<Q, B, A>,
  b: Layer<Q, C, B>,
  c: Layer<Q, D, C>,
  d: Layer<Q, E, D>,
  e: Layer<Q, F, E>,
  f: Layer<Q, G, F>,
): Layer<Q, G, A>;
export function pipe<Q, A, B, C, D, E, F, G, H>(
  a: Layer<Q, B, A>,
  b: Layer<Q, C, B>,
  c: Layer<Q, D, C>,
  d: Layer<Q, E, D>,
  e: Layer<Q, F, E>,
  f: Layer<Q, G, F>,
  g: Layer<Q, H, G>,
): Layer<Q, H, A>;
export function pipe<Q>(...layers: readonly Layer<Q, unknown>[]): Layer<Q, unknown> {
  return (innermost) => layers.reduceRight((next, layer) => layer(next), innermost);
}
