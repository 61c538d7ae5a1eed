// Complete histories: past the vendor's cap, page by page, kept, and honest about what is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { History } from '../../src/domain/history.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { type Service, type ServiceOptions, startService } from '../support/service.ts';

const NOW = Date.UTC(2026, 5, 15, 12, 0, 30);
const BUSY = { tenant: 'acme', email: CUSTOMERS.busy.email, history: 'complete' };
const ROOM = { history: { maxCalls: 500 } };

/** A service whose clock goes only when it is told to. */
async function startAt(t: Parameters<typeof startService>[0], options: ServiceOptions = {}) {
  let now = NOW;
  const clock = () => now;
  const service = await startService(t, {
    sections: ROOM,
    ...options,
    now: clock,
    sandbox: { now: clock, ...options.sandbox },
  });
  return {
    service,
    pass(ms: number) {
      now += ms;
    },
  };
}

async function readPage(service: Service, body: object): Promise<History> {
  const reply = await service.post('/v1/customer', body);
  assert.equal(reply.status, 200, await reply.clone().text());
  return (await reply.json()) as History;
}

/** All pages, one after the other. */
async function readAll(service: Service, body: object): Promise<readonly History[]> {
  const pages = [await readPage(service, body)];
  for (let cursor = pages[0]?.page.nextCursor; cursor; cursor = pages.at(-1)?.page.nextCursor) {
    pages.push(await readPage(service, { ...body, cursor }));
  }
  return pages;
}

const idsOf = (pages: readonly History[]) =>
  pages.flatMap(({ interactions }) => interactions.map(({ id }) => id));

test('a history holds every interaction of the range once, newest first, page by page', async (t) => {
  const { service } = await startAt(t);
  const pages = await readAll(service, BUSY);
  const starts = pages.flatMap(({ interactions }) =>
    interactions.map((each) => each.startedAt ?? ''),
  );
  assert.equal(new Set(idsOf(pages)).size, CUSTOMERS.busy.recent);
  assert.equal(idsOf(pages).length, CUSTOMERS.busy.recent);
  assert.deepEqual(starts, starts.toSorted().toReversed());
  assert.deepEqual(
    pages.map(({ interactions }) => interactions.length),
    [50, 50, 50, 50, 50, 50, 40],
  );
  for (const page of pages) {
    assert.equal(page.complete, true);
    assert.deepEqual(page.gaps, []);
    assert.equal(page.derived.interactions, CUSTOMERS.busy.recent);
  }
});
