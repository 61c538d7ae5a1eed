// Timelines: what several identities of one person found, each interaction once, in one order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timeline } from '../../src/domain/timeline.ts';
import { timelineSchema } from '../../src/edge/history-schema.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { type Service, startService } from '../support/service.ts';

const ROOM = { sections: { history: { maxCalls: 500 } } };
const PATH = '/v1/timeline';
const { busy, ada, grace, none } = CUSTOMERS;

const of = (...identities: readonly unknown[]) => ({ tenant: 'acme', identities });

async function read(service: Service, body: object): Promise<Timeline> {
  const reply = await service.post(PATH, body);
  assert.equal(reply.status, 200, await reply.clone().text());
  const timeline = (await reply.json()) as Timeline;
  timelineSchema.parse(timeline);
  return timeline;
}

async function faultsIn(reply: Response): Promise<readonly string[]> {
  assert.equal(reply.status, 400);
  const { errors } = (await reply.json()) as { errors: { parameter: string; code: string }[] };
  return errors.map(({ parameter, code }) => `${parameter} ${code}`);
}

test('each interaction stands there once, with the identities that found it', async (t) => {
  const service = await startService(t, ROOM);
  const body = of({ email: ada.email }, { email: grace.email }, { accountId: ada.accountId });
  const timeline = await read(service, body);
  const { interactions, derived } = timeline;
  assert.equal(new Set(interactions.map(({ id }) => id)).size, interactions.length);
  assert.equal(interactions.length, ada.recent + grace.recent);
  assert.equal(derived.interactions, interactions.length);
  assert.equal(timeline.complete, true);
  const count = (...places: readonly number[]) =>
    interactions.filter(({ foundBy }) => foundBy.join() === places.join()).length;
  assert.equal(count(0, 2), ada.recent);
  assert.equal(count(1, 2), grace.recent);
  const starts = interactions.map(({ startedAt }) => startedAt ?? '');
  assert.deepEqual(starts, starts.toSorted().toReversed());
  assert.deepEqual(
    timeline.identities.map(({ by }) => by),
    ['email', 'email', 'account'],
  );
});

test('it is read page by page, and each page holds the next interactions', async (t) => {
  const service = await startService(t, ROOM);
  const body = {
    ...of({ email: busy.email }, { email: ada.email }, { email: none.email }),
    limit: 150,
  };
  const pages = [await read(service, body)];
  for (let cursor = pages[0]?.page.nextCursor; cursor; cursor = pages.at(-1)?.page.nextCursor) {
    pages.push(await read(service, { ...body, cursor }));
  }
  assert.deepEqual(
    pages.map(({ interactions }) => interactions.length),
    [150, 150, busy.recent + ada.recent - 300],
  );
  const ids = pages.flatMap(({ interactions }) => interactions.map(({ id }) => id));
  assert.equal(new Set(ids).size, busy.recent + ada.recent);
  const { received } = service.sandbox.calls;
  await read(service, body);
  assert.equal(service.sandbox.calls.received, received, 'what is held is not asked for again');
  const cursor = pages[0]?.page.nextCursor;
  const other = of({ email: ada.email }, { email: busy.email }, { email: none.email });
  assert.deepEqual(await faultsIn(await service.post(PATH, { ...other, cursor })), [
    'cursor cursor-invalid',
  ]);
  const alone = { tenant: 'acme', email: busy.email, history: 'complete', cursor };
  assert.deepEqual(await faultsIn(await service.post('/v1/customer', alone)), [
    'cursor cursor-invalid',
  ]);
});

test('it costs the quota as many requests as there are identities', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 5, per: '1m' } } });
  const two = of({ email: ada.email }, { email: grace.email });
  const first = await service.post(PATH, two);
  assert.match(first.headers.get('ratelimit') ?? '', /"app";r=3;/);
  assert.equal((await service.post(PATH, two)).status, 200);
  assert.equal((await service.post(PATH, two)).status, 429);
  const six = of(...Array.from({ length: 6 }, (_, n) => ({ accountId: `account-${n}` })));
  const fresh = await startService(t, { desk: { quota: { requests: 5, per: '1m' } } });
  assert.deepEqual(await faultsIn(await fresh.post(PATH, six)), ['identities cost-above-quota']);
});

test('every fault is told, with the identity that it is in', async (t) => {
  const service = await startService(t, ROOM);
  const good = { email: ada.email };
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ tenant: 'acme' }, ['identities ids-count']],
    [of(good), ['identities ids-count']],
    [of(...Array.from({ length: 11 }, () => good)), ['identities ids-count']],
    [{ tenant: 'acme', identities: good }, ['identities parameter-type']],
    [of(good, 'x', null), ['identities[1] parameter-type', 'identities[2] parameter-type']],
    [
      of({ email: 'x' }, {}, { ...good, accountId: 'a' }, { ...good, limit: 5 }),
      [
        'identities[0].email email-invalid',
        'identities[1].customer identity-missing',
        'identities[2].accountId identity-conflict',
        'identities[3].limit parameter-unknown',
      ],
    ],
    [
      { ...of(good, good), fields: ['id'], history: 'complete', limit: 0, last: 'x' },
      [
        'limit limit-invalid',
        'last duration-invalid',
        'fields parameter-unknown',
        'history parameter-unknown',
      ],
    ],
  ];
  for (const [body, expected] of rows) {
    assert.deepEqual(await faultsIn(await service.post(PATH, body)), expected);
  }
});

test('only POST is allowed, with the scope to read, for a tenant that is granted', async (t) => {
  const service = await startService(t, { ...ROOM, other: { scopes: ['summaries'] } });
  const body = of({ email: ada.email }, { email: grace.email });
  for (const method of ['GET', 'QUERY', 'PUT']) {
    const reply = await service.ask(PATH, { method });
    assert.equal(reply.status, 405, method);
    assert.equal(reply.headers.get('allow'), 'POST, OPTIONS', method);
  }
  for (const key of [service.keys.other, service.keys.mobile]) {
    const headers = { authorization: `Bearer ${key}` };
    assert.equal((await service.post(PATH, body, { headers })).status, 403);
  }
});

test('what an app may not see is in no interaction and in no count', async (t) => {
  const service = await startService(t, { ...ROOM, desk: { hide: ['channel', 'address'] } });
  const timeline = await read(service, of({ email: ada.email }, { email: grace.email }));
  const names = timeline.interactions.flatMap((each) => Object.keys(each));
  assert.ok(!names.includes('channel') && !names.includes('address'));
  assert.ok(!('byChannel' in timeline.derived));
  assert.ok(timeline.interactions.every(({ foundBy }) => foundBy.length > 0));
});

test('an identity that cannot be had is a gap; where none can be had, that is the answer', async (t) => {
  const service = await startService(t, ROOM);
  await read(service, of({ email: ada.email }, { accountId: ada.accountId }));
  service.sandbox.faults.set('server-error');
  const timeline = await read(service, of({ email: ada.email }, { email: grace.email }));
  assert.equal(timeline.complete, false);
  assert.equal(timeline.gaps.length, 1);
  assert.equal(timeline.interactions.length, ada.recent);
  const nothing = await service.post(PATH, of({ email: grace.email }, { email: busy.email }));
  assert.equal(nothing.status, 503);
});

test('the same timeline has the same tag, and says how old it is', async (t) => {
  const service = await startService(t, ROOM);
  const body = of({ email: ada.email }, { email: grace.email });
  const first = await service.post(PATH, body);
  const second = await service.post(PATH, body);
  assert.equal(second.headers.get('etag'), first.headers.get('etag'));
  assert.match(second.headers.get('cache-status') ?? '', /hit.*detail=memory/);
  assert.match(second.headers.get('cache-control') ?? '', /^private, max-age=\d+/);
});
