// Complete histories: past the vendor's cap, page by page, kept, and honest about what is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { History } from '../../src/domain/history.ts';
import { historySchema } from '../../src/edge/history-schema.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { startRedis } from '../support/redis.ts';
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
  const page = (await reply.json()) as History;
  historySchema.parse(page);
  return page;
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

test('GET, POST and QUERY give the same pages', async (t) => {
  const { service } = await startAt(t);
  const headers = { 'content-type': 'application/json' };
  const query = new URLSearchParams(BUSY);
  let cursor: string | null = null;
  for (let at = 0; at < 2; at += 1) {
    const body: object = { ...BUSY, ...(cursor && { cursor }) };
    if (cursor) query.set('cursor', cursor);
    const replies = [
      await service.ask(`/v1/customer?${query}`),
      await service.post('/v1/customer', body),
      await service.ask('/v1/customer', { method: 'QUERY', headers, body: JSON.stringify(body) }),
    ];
    const tags = new Set(replies.map((reply) => reply.headers.get('etag')));
    assert.equal(tags.size, 1);
    const pages = await Promise.all(replies.map((reply) => reply.json() as Promise<History>));
    assert.deepEqual(pages[1], pages[0]);
    assert.deepEqual(pages[2], pages[0]);
    const tag = replies[0]?.headers.get('etag') ?? '';
    const again = await service.ask(`/v1/customer?${query}`, {
      headers: { 'if-none-match': tag, 'cache-control': 'max-age=0' },
    });
    assert.equal(again.status, 304);
    cursor = pages[0]?.page.nextCursor ?? null;
  }
});

test('a year of history asked for again a minute later costs one vendor call', async (t) => {
  const { service, pass } = await startAt(t);
  const first = await service.post('/v1/customer', BUSY);
  assert.equal(first.headers.get('cache-status'), 'customer-360; fwd=miss; stored');
  const before = service.sandbox.calls.received;
  const second = await service.post('/v1/customer', BUSY);
  assert.match(second.headers.get('cache-status') ?? '', /^customer-360; hit; .*detail=memory$/);
  assert.equal(service.sandbox.calls.received, before);
  pass(2 * 60_000);
  await service.post('/v1/customer', BUSY);
  assert.equal(service.sandbox.calls.received, before + 1);
});

test('another process uses what one has kept in Redis', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url };
  const { service: one } = await startAt(t, { env });
  const { service: other } = await startAt(t, { env, shared: one.sandbox });
  const [first, ...others] = await readAll(one, BUSY);
  const before = one.sandbox.calls.received;
  const reply = await other.post('/v1/customer', BUSY);
  assert.match(reply.headers.get('cache-status') ?? '', /^customer-360; hit; .*detail=redis$/);
  assert.deepEqual(await reply.json(), first);
  const cursor = first?.page.nextCursor;
  assert.deepEqual(await readPage(other, { ...BUSY, cursor }), others[0]);
  assert.equal(one.sandbox.calls.received, before);
});

test('a cursor is refused when it was changed, is for another question, or is too old', async (t) => {
  const { service, pass } = await startAt(t);
  const page = await readPage(service, { ...BUSY, limit: 10 });
  const cursor = page.page.nextCursor ?? '';
  const changed = `${cursor.slice(0, 20)}${cursor[20] === 'A' ? 'B' : 'A'}${cursor.slice(21)}`;
  const refused = [
    { ...BUSY, cursor: changed },
    { ...BUSY, cursor: 'x' },
    { ...BUSY, cursor, last: 'P30D' },
    { ...BUSY, cursor, email: CUSTOMERS.ada.email },
    { ...BUSY, cursor, tenant: 'globex' },
  ];
  const check = async (body: object) => {
    const reply = await service.post('/v1/customer', body);
    assert.equal(reply.status, 400);
    const { errors } = (await reply.json()) as { errors: readonly { code: string }[] };
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['cursor-invalid'],
    );
  };
  for (const body of refused) await check(body);
  // Another page size, another app and other fields are no other question.
  const next = await readPage(service, { ...BUSY, cursor, limit: 20, fields: ['channel'] });
  assert.equal(next.interactions.length, 20);
  const headers = { authorization: `Bearer ${service.keys.mobile}` };
  assert.equal((await service.post('/v1/customer', { ...BUSY, cursor }, { headers })).status, 403);
  pass(61 * 60_000);
  await check({ ...BUSY, cursor });
});

test('what an app may not see is in no interaction and in no count', async (t) => {
  const { service } = await startAt(t, { desk: { hide: ['channel', 'topics', 'address'] } });
  const page = await readPage(service, { ...BUSY, fields: ['channel', 'direction'] });
  assert.deepEqual(Object.keys(page.interactions[0] ?? {}).sort(), ['direction', 'id']);
  assert.deepEqual(Object.keys(page.derived), [
    'interactions',
    'byDirection',
    'byProduct',
    'bySentiment',
  ]);
});

test('a second in which the vendor holds more than it tells is a gap', async (t) => {
  const { service } = await startAt(t);
  const body = { ...BUSY, email: CUSTOMERS.flood.email, limit: 500 };
  const page = await readPage(service, body);
  assert.equal(page.complete, false);
  assert.equal(page.insights, null);
  assert.ok(page.gaps.length > 0);
  const { recent, sameInstant } = CUSTOMERS.flood;
  assert.ok(page.derived.interactions >= recent - sameInstant + 49);
});

test('where no more calls may be made, the answer says what is missing, and asking again goes on', async (t) => {
  const { service, pass } = await startAt(t, { sections: { history: { maxCalls: 6 } } });
  let known = 0;
  for (let round = 0; ; round += 1) {
    const reply = await service.post('/v1/customer', BUSY);
    const page = (await reply.json()) as History;
    assert.ok(page.derived.interactions >= known);
    known = page.derived.interactions;
    assert.equal(page.complete, page.gaps.length === 0);
    if (page.complete) break;
    assert.match(reply.headers.get('cache-control') ?? '', /max-age=0|no-store/);
    assert.ok(round < 10);
    pass(1000);
  }
  assert.equal(known, CUSTOMERS.busy.recent);
});

test('summaries are joined to each page, and cost the quota by fifty', async (t) => {
  const { service } = await startAt(t, { desk: { quota: { requests: 100, per: '1m' } } });
  const body = { ...BUSY, include: ['summaries'], limit: 120, last: 'P300D' };
  const reply = await service.post('/v1/customer', body);
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('ratelimit') ?? '', /"app";r=97;/);
  const page = (await reply.json()) as History;
  assert.equal(page.interactions.length, 120);
  const failed = new Set(page.summaryFailures?.map(({ id }) => id));
  for (const interaction of page.interactions) {
    assert.ok('summary' in interaction);
    assert.equal(interaction.summary === null, failed.has(interaction.id));
  }
});

test('while the vendor is down what is kept is shown, and nothing kept is its problem', async (t) => {
  const { service, pass } = await startAt(t);
  await readPage(service, BUSY);
  service.sandbox.faults.set('server-error');
  pass(10 * 60_000);
  const stale = await service.post('/v1/customer', BUSY);
  assert.equal(stale.status, 200);
  assert.match(stale.headers.get('cache-status') ?? '', /fwd=stale.*stale-if-error/);
  const page = (await stale.json()) as History;
  assert.equal(page.derived.interactions, CUSTOMERS.busy.recent);
  const nothing = await service.post('/v1/customer', { ...BUSY, email: CUSTOMERS.ada.email });
  assert.equal(nothing.status, 503);
});
