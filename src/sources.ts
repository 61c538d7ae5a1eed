// The sources that the edge is handed: one list of layers for each kind of question, from the edge to the vendor.
import { createHash } from 'node:crypto';
import { createCompleteHistory } from './cache/complete-history.ts';
import { createHistories } from './cache/histories.ts';
import { createBooks } from './cache/history-book.ts';
import { createHistoryExport } from './cache/history-export.ts';
import { joinPageSummaries, joinSummaries, whenIncluded } from './cache/join-summaries.ts';
import { placeName } from './cache/place.ts';
import { rememberRefusals } from './cache/refusals.ts';
import {
  represent,
  representHistory,
  representSummaries,
  representTimeline,
} from './cache/represent.ts';
import { summaryCache } from './cache/summary-cache.ts';
import { tieredCache } from './cache/tiered.ts';
import { createTimeline } from './cache/timeline.ts';
import { createCacheTiers } from './cache-tiers.ts';
import type { Configuration } from './config/configuration.ts';
import { createCacheKeys } from './domain/cache-key.ts';
import { createCursors } from './domain/cursor.ts';
import type { CustomerQuery } from './domain/customer-query.ts';
import { firstAtOf, type HistoryQuery, type Position } from './domain/history.ts';
import { pipe, type Source } from './domain/source.ts';
import type { SummariesQuery } from './domain/summaries.ts';
import type { Tenant } from './domain/tenant.ts';
import type { TimelineQuery } from './domain/timeline.ts';
import type { VendorCustomer } from './domain/vendor-answer.ts';
import type { Peers } from './peers.ts';
import { breaker } from './resilience/breaker.ts';
import { budget } from './resilience/budget.ts';
import { bulkhead } from './resilience/bulkhead.ts';
import { deadline } from './resilience/deadline.ts';
import type { Shortage } from './resilience/load-gauge.ts';
import { retry } from './resilience/retry.ts';
import { shed } from './resilience/shed.ts';
import type { Emit } from './telemetry/events.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { attempt } from './upstream/attempt.ts';
import { inChunks } from './upstream/chunks.ts';
import type { UpstreamClient } from './upstream/client.ts';
import { createEightByEight } from './upstream/eight-by-eight.ts';
import { shape } from './upstream/shape.ts';
import { createGuards } from './upstream-guards.ts';

const REFUSAL_REMEMBERED_MS = 30_000;

/** What everything is built from. */
export interface Parts {
  readonly configuration: Configuration;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** As `now`, and it only grows: what is held back until an instant is not held back longer. */
  readonly steadyNow: () => number;
  readonly random: () => number;
  readonly emit: Emit;
  /** Null where there is no Redis. */
  readonly peers: Peers | null;
  readonly client: UpstreamClient;
  readonly shortage: () => Shortage | null;
}

/** Creates them. Each stack is in the order in which a query meets its layers; below them those that all calls meet. */
export function createSources(parts: Parts) {
  const { configuration, metrics, now, random, emit } = parts;
  const { upstream, secrets } = configuration;
  const keys = createCacheKeys(secrets.deriveKey('cache-keys'));
  const tiers = createCacheTiers(parts);
  const keysOf = (tenant: Tenant) => secrets.vendorKeys(tenant.name);
  const eightByEight = createEightByEight({ client: parts.client, keysOf, now, emit });
  const deadlineMs = upstream.deadlineMs;
  const { retries, breakers, bulkheads, calls, readings } = createGuards({
    ...parts,
    now: parts.steadyNow,
  });
  metrics.watch(readings);
  const attempts = {
    timeoutMs: upstream.attemptTimeoutMs,
    keyCount: (tenant: Tenant) => keysOf(tenant).length,
    emit,
  };

  const shedding = {
    shortage: parts.shortage,
    onRefusal: (reason: Shortage) => emit({ type: 'load-shed', reason }),
  };

  const guarded = <Query extends { readonly tenant: Tenant }, Answer>(
    vendor: Source<Query, Answer>,
  ) =>
    pipe<Query, Answer, Answer, Answer, Answer, Answer, Answer, Answer>(
      shed(shedding),
      retry(retries),
      breaker(breakers),
      bulkhead(bulkheads),
      attempt(attempts),
      budget(calls),
    )(vendor);

  const refusals = { rememberMs: REFUSAL_REMEMBERED_MS, now };
  const keyOfIds = (query: SummariesQuery) =>
    keys.summary(query, JSON.stringify(query.interactionIds));
  const summaries = pipe(
    summaryCache({ keys, tiers, now, random, emit }),
    deadline(deadlineMs),
    inChunks(),
    rememberRefusals({ ...refusals, keyOf: keyOfIds }),
  )(guarded(eightByEight.summaries));

  const cache = { tiers, deadlineMs, now, emit };
  const customers = pipe(
    represent(),
    whenIncluded(
      pipe(
        tieredCache({ ...cache, keyOf: keys.joined }),
        joinSummaries({ summaries, now, random }),
      ),
    ),
    tieredCache({ ...cache, keyOf: keys.range }),
    rememberRefusals({ ...refusals, keyOf: keys.range }),
    shape({ now, random }),
  )(guarded(eightByEight.interactions));

  const { maxCalls } = configuration.history;
  const books = createBooks({ keys, tiers, now });
  const histories = createHistories({
    books,
    keys,
    source: pipe(
      rememberRefusals<CustomerQuery, VendorCustomer>({ ...refusals, keyOf: keys.range }),
    )(guarded(eightByEight.interactions)),
    deadlineMs,
    now,
    random,
  });
  const reading = { books, histories, maxCalls, now, emit };
  const cursors = createCursors(secrets.deriveKey('cursors'));
  const paging = {
    open: cursors.open,
    questionOf: (query: CustomerQuery) => placeName(keys.range(query)),
  };
  const seal = (query: HistoryQuery, after: Position) =>
    cursors.seal({
      firstAt: query.page.firstAt ?? firstAtOf(query.tenant, now()),
      question: paging.questionOf(query),
      after,
    });
  const timelinePaging = {
    open: cursors.open,
    questionOf: (queries: readonly CustomerQuery[]) =>
      createHash('sha256').update(queries.map(paging.questionOf).join()).digest('base64url'),
  };
  const sealTimeline = ({ queries, tenant, page }: TimelineQuery, after: Position) =>
    cursors.seal({
      firstAt: page.firstAt ?? firstAtOf(tenant, now()),
      question: timelinePaging.questionOf(queries),
      after,
    });
  const pages = pipe(
    representHistory(seal),
    joinPageSummaries({ summaries, now, random }),
  )(createCompleteHistory(reading));
  const timelines = representTimeline(sealTimeline)(createTimeline(reading));
  const exports = createHistoryExport(reading);

  return {
    customers,
    summaries: representSummaries()(summaries),
    histories: pages,
    exports,
    timelines,
    paging,
    timelinePaging,
  };
}
