// Everything between a page of a history and the vendor, without sockets: books in memory, and a vendor of a test's own.
import { createCompleteHistory, type HeldPage } from '../../src/cache/complete-history.ts';
import { createHistories } from '../../src/cache/histories.ts';
import { createBooks } from '../../src/cache/history-book.ts';
import { createHistoryExport } from '../../src/cache/history-export.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { createTiers } from '../../src/cache/tiers.ts';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import { type ExportPart, firstAtOf, type PageRequest } from '../../src/domain/history.ts';
import type { Interaction } from '../../src/domain/interaction.ts';
import type { Context } from '../../src/domain/source.ts';
import type { HistoryVendor } from './history-vendor.ts';
import { readQuery, tenantWith } from './queries.ts';

/** How a world differs from the usual one. */
interface WorldOptions {
  readonly vendor: HistoryVendor;
  readonly now: () => number;
  readonly maxCalls?: number;
  readonly deadlineMs?: number;
  readonly memoryBytes?: number;
  readonly freshness?: Partial<ReturnType<typeof tenantWith>['freshness']>;
}

/** Asks for histories of one customer. */
export interface HistoryWorld {
  export(range: string): Promise<AsyncIterable<ExportPart>>;
  page(range: string, page?: Partial<PageRequest>, context?: Partial<Context>): Promise<HeldPage>;
  /** All pages, one after the other, and what the last one says. */
  all(
    range: string,
    limit?: number,
  ): Promise<{ readonly ids: readonly string[]; readonly last: HeldPage }>;
}

const CONTEXT: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};

/** Creates a world. Nothing in it is left to chance. */
export function createHistoryWorld(options: WorldOptions): HistoryWorld {
  const { vendor, now, maxCalls = 10_000, deadlineMs = 60_000 } = options;
  const { memoryBytes: maxBytes = 512 * 1024 ** 2 } = options;
  const keys = createCacheKeys(Buffer.alloc(32, 1));
  const random = () => 0.5;
  const memory = createMemoryStore({ maxBytes, maxEntryBytes: maxBytes, now });
  const tiers = createTiers({ memory, shared: null, now, random });
  const books = createBooks({ keys, tiers, now });
  const { source } = vendor;
  const histories = createHistories({ books, keys, source, deadlineMs, now, random });
  const pages = createCompleteHistory({ books, histories, maxCalls, now, emit: () => undefined });
  const usual = tenantWith();
  const tenant = { ...usual, freshness: { ...usual.freshness, ...options.freshness } };

  const page: HistoryWorld['page'] = (range, wanted = {}, context = {}) => {
    const { query } = readQuery(`email=ann@example.com&${range}`, { tenant, now: now() });
    const request = { limit: 500, after: null, firstAt: null, ...wanted };
    return pages({ ...query, page: request }, { ...CONTEXT, ...context });
  };

  const exports = createHistoryExport({ books, histories, maxCalls, now });

  return {
    page,
    export(range) {
      const { query } = readQuery(`email=ann@example.com&${range}`, { tenant, now: now() });
      return exports(query, CONTEXT);
    },
    async all(range, limit = 500) {
      const firstAt = firstAtOf(tenant, now());
      const shown: Interaction[] = [];
      let held = await page(range, { limit });
      shown.push(...held.page.interactions);
      while (held.page.next) {
        held = await page(range, { limit, after: held.page.next, firstAt });
        shown.push(...held.page.interactions);
      }
      return { ids: shown.map(({ id }) => id), last: held };
    },
  };
}
