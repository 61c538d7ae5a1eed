// Transcript summaries: by id, in chunks, each kept on its own, and joined to a customer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summaries } from '../../src/domain/summaries.ts';
import type { Call } from '../../src/sandbox/calls.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { TENANTS } from '../../src/sandbox/tenants.ts';
import { type Service, startService } from '../support/service.ts';

const NOW = Date.UTC(2026, 5, 15, 12, 0, 30);
const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;

/** Ids of the tenant `acme`, sorted by what the vendor says about their summaries. */
async function knownIds(
  service: Service,
): Promise<Record<'there' | 'missing' | 'failing', string[]>> {
  const interactions = standardPopulation(NOW)
    .flatMap(({ tenants }) => tenants)
    .filter(({ tenantId }) => tenantId === TENANTS.acme.tenantId)
    .flatMap(({ customers }) => customers)
    .flatMap((customer) => customer.interactions);
  const ids = interactions.map(({ interactionId }) => interactionId).slice(0, 100);
  const answer = await readSummaries(service, ids, { 'cache-control': 'no-cache' });
  service.sandbox.calls.clear();
  const failing = (reason: string) =>
    answer.failures.flatMap((failure) => (failure.reason === reason ? failure.interactionId : []));
  return {
    there: answer.summaries.map(({ interactionId }) => interactionId),
    missing: failing('not-found'),
    failing: failing('unavailable'),
  };
}

async function readSummaries(
  service: Service,
  interactionIds: readonly string[],
  headers: Record<string, string> = {},
): Promise<Summaries> {
  const reply = await service.post(
    '/v1/summaries',
    { tenant: 'acme', interactionIds },
    { headers },
  );
  assert.equal(reply.status, 200);
  return (await reply.json()) as Summaries;
}

function idsOf({ parameters }: Call): readonly string[] {
  return parameters.map(([name, value]) => (name === 'interactionId' ? value : `${name}?`));
}

function idsOfCalls({ sandbox }: Service): readonly (readonly string[])[] {
  return sandbox.calls.all.map(idsOf);
}

/** A service whose clock goes only when it is told to. */
async function startAt(
  t: Parameters<typeof startService>[0],
  options: Parameters<typeof startService>[1] = {},
): Promise<{ readonly service: Service; readonly pass: (ms: number) => void }> {
  let at = NOW;
  const now = () => at;
  const service = await startService(t, { ...options, now, sandbox: { now } });
  return {
    service,
    pass: (ms) => {
      at += ms;
    },
  };
}

test('GET, POST and QUERY are one operation; an id with a comma is one id', async (t) => {
  const { service } = await startAt(t);
  const query = 'tenant=acme&interactionId=one%2Ctwo&interactionId=three,four&interactionId=x';
  const body = { tenant: 'acme', interactionIds: ['one,two', 'three,four', 'x'] };
  const replies = [
    await service.ask(`/v1/summaries?${query}`),
    await service.post('/v1/summaries', body),
    await service.post('/v1/summaries', body, { method: 'QUERY' }),
  ];
  const texts = await Promise.all(replies.map((reply) => reply.text()));
  assert.equal(new Set(texts).size, 1);
  assert.deepEqual(JSON.parse(texts[0] ?? ''), {
    tenant: 'acme',
    summaries: [],
    failures: body.interactionIds.map((interactionId) => ({ interactionId, reason: 'not-found' })),
  });
  assert.deepEqual(idsOfCalls(service), [body.interactionIds]);
  assert.deepEqual(
    replies.map((reply) => reply.headers.get('cache-status')),
    [
      'customer-360; fwd=miss; stored',
      'customer-360; hit; ttl=60; detail=memory',
      'customer-360; hit; ttl=60; detail=memory',
    ],
  );
  const unchanged = await service.ask(`/v1/summaries?${query}`, {
    headers: { 'if-none-match': replies[0]?.headers.get('etag') ?? '' },
  });
  assert.equal(unchanged.status, 304);
});

test('each id once, in the order asked, and as the vendor says it', async (t) => {
  const { service } = await startAt(t);
  const { there, missing } = await knownIds(service);
  const [a = '', b = '', c = ''] = there;
  const [none = ''] = missing;
  const answer = await readSummaries(service, [b, none, a, b, c, a, none]);
  assert.deepEqual(
    answer.summaries.map(({ interactionId }) => interactionId),
    [b, a, c],
  );
  assert.deepEqual(answer.failures, [{ interactionId: none, reason: 'not-found' }]);
  for (const { text, status, type, durationSeconds, createdAt } of answer.summaries) {
    assert.match(text ?? '', /\w/);
    assert.deepEqual([status, type, typeof durationSeconds], ['success', 'summary', 'number']);
    assert.match(createdAt ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
});

test('1 to 200 ids, asked for in chunks of 50', async (t) => {
  const { service } = await startAt(t);
  const ids = Array.from({ length: 201 }, (_, index) => `id-${index}`);
  for (const [count, sizes] of [
    [1, [1]],
    [50, [49]],
    [51, [1]],
    [200, [50, 50, 49]],
  ] as const) {
    service.sandbox.calls.clear();
    const answer = await readSummaries(service, ids.slice(0, count));
    assert.deepEqual(
      answer.failures.map(({ interactionId }) => interactionId),
      ids.slice(0, count),
    );
    const calls = idsOfCalls(service);
    assert.deepEqual(
      calls.map((chunk) => chunk.length).sort((one, other) => other - one),
      sizes,
      `${count}`,
    );
  }
  for (const interactionIds of [[], ids, [' '], 'id-1', [1]]) {
    const reply = await service.post('/v1/summaries', { tenant: 'acme', interactionIds });
    assert.equal(reply.status, 400);
  }
  assert.equal((await service.ask('/v1/summaries?tenant=acme')).status, 400);
});

test('a repeated id is counted before it is folded, and asked for once', async (t) => {
  const { service } = await startAt(t);
  await readSummaries(service, Array(200).fill('same'));
  assert.deepEqual(idsOfCalls(service), [['same']]);
});

test('a later request asks for the ids that are missing, alone', async (t) => {
  const { service } = await startAt(t);
  await readSummaries(service, ['a', 'b', 'c']);
  service.sandbox.calls.clear();
  const answer = await readSummaries(service, ['d', 'c', 'a', 'e']);
  assert.deepEqual(idsOfCalls(service), [['d', 'e']]);
  assert.deepEqual(
    answer.failures.map(({ interactionId }) => interactionId),
    ['d', 'c', 'a', 'e'],
  );
});

test('a summary is fresh for a day, its absence for a minute, a failure for five seconds', async (t) => {
  const { service, pass } = await startAt(t);
  const { there, missing, failing } = await knownIds(service);
  const [summary = '', none = '', failed = ''] = [there[0], missing[0], failing[0]];
  const ids = [summary, none, failed];
  const askedAfter = async (ms: number): Promise<readonly (readonly string[])[]> => {
    pass(ms);
    service.sandbox.calls.clear();
    await readSummaries(service, ids);
    return idsOfCalls(service);
  };
  assert.deepEqual(await askedAfter(4_999), []);
  assert.deepEqual(await askedAfter(1), [[failed]]);
  assert.deepEqual(await askedAfter(54_999), [[failed]]);
  assert.deepEqual(await askedAfter(1), [[none]]);
  assert.deepEqual(await askedAfter(86_400_000 - 60_001), [[none, failed]]);
  assert.deepEqual(await askedAfter(1), [[summary]]);
});

test('the reply lives as long as its shortest part', async (t) => {
  const { service, pass } = await startAt(t);
  const { there, missing } = await knownIds(service);
  const read = async (...interactionIds: string[]) => {
    const reply = await service.post('/v1/summaries', { tenant: 'acme', interactionIds });
    return [reply.headers.get('cache-control'), reply.headers.get('age')];
  };
  pass(10_000);
  assert.deepEqual(await read(there[0] ?? ''), [
    'private, max-age=86400, stale-while-revalidate=600',
    '10',
  ]);
  assert.deepEqual(await read(there[0] ?? '', missing[0] ?? ''), [
    'private, max-age=60, stale-while-revalidate=600',
    '10',
  ]);
});

test('when one chunk fails the others are answered, and what failed is asked for again', async (t) => {
  const { service, pass } = await startAt(t);
  const ids = Array.from({ length: 60 }, (_, index) => `id-${index}`);
  service.sandbox.faults.set('server-error', { times: 1 });
  const { failures } = await readSummaries(service, ids);
  const unavailable = failures.flatMap((each) =>
    each.reason === 'unavailable' ? each.interactionId : [],
  );
  const [struck] = service.sandbox.calls.all.filter(({ status }) => status === 500).map(idsOf);
  assert.deepEqual(unavailable, struck);

  service.sandbox.calls.clear();
  pass(5_000);
  const later = await readSummaries(service, ids);
  assert.deepEqual(idsOfCalls(service), [struck]);
  assert.ok(later.failures.every(({ reason }) => reason === 'not-found'));
});

test('when all chunks fail it is a problem; with something held it is an answer', async (t) => {
  const { service } = await startAt(t);
  await readSummaries(service, ['held']);
  service.sandbox.faults.set('server-error');
  const refused = await service.ask('/v1/summaries?tenant=acme&interactionId=new');
  assert.equal(refused.status, 503);
  const partly = await readSummaries(service, ['held', 'new']);
  assert.deepEqual(partly.failures, [
    { interactionId: 'held', reason: 'not-found' },
    { interactionId: 'new', reason: 'unavailable' },
  ]);
  service.sandbox.faults.set(null);
  assert.equal((await readSummaries(service, ['new'])).failures[0]?.reason, 'not-found');
});

interface Joined {
  readonly interactions: readonly { readonly id: string; readonly summary: object | null }[];
  readonly summaryFailures: readonly { readonly id: string; readonly reason: string }[];
}

test('a customer with its summaries is two vendor calls, then none', async (t) => {
  const { service, pass } = await startAt(t);
  const first = await service.ask(`${ADA}&include=summaries`);
  const joined = (await first.json()) as Joined;
  assert.equal(first.headers.get('cache-status'), 'customer-360; fwd=miss; stored');
  assert.deepEqual(
    service.sandbox.calls.all.map(({ endpoint }) => endpoint),
    ['interactions', 'summaries'],
  );
  const failed = new Set(joined.summaryFailures.map(({ id }) => id));
  assert.ok(failed.size > 0 && failed.size < joined.interactions.length);
  for (const { id, summary } of joined.interactions) {
    assert.equal(summary === null, failed.has(id));
  }
  const alone = await readSummaries(
    service,
    joined.interactions.map(({ id }) => id),
  );
  assert.deepEqual(
    joined.interactions.flatMap(({ id, summary }) =>
      summary ? [{ interactionId: id, ...summary }] : [],
    ),
    alone.summaries,
  );

  service.sandbox.calls.clear();
  const again = await service.ask(`${ADA}&include=summaries`);
  assert.match(again.headers.get('cache-status') ?? '', /; hit; ttl=\d+; detail=memory$/);
  assert.deepEqual(await again.json(), joined);
  const plain = (await (await service.ask(ADA)).json()) as Joined;
  assert.equal('summaryFailures' in plain, false);
  assert.equal('summary' in (plain.interactions[0] ?? {}), false);
  assert.equal(service.sandbox.calls.received, 0);

  // The customer is asked for again when it is no longer fresh, its summaries are not.
  pass(60_000);
  await service.ask(`${ADA}&include=summaries`);
  assert.deepEqual(service.sandbox.calls.all.map(idsOf).at(-1)?.toSorted(), [...failed].toSorted());
});

test('a customer without interactions needs no call for summaries', async (t) => {
  const { service } = await startAt(t);
  const { none } = CUSTOMERS;
  const reply = await service.ask(`/v1/customer?tenant=acme&email=${none.email}&include=summaries`);
  const { interactions, summaryFailures } = (await reply.json()) as Joined;
  assert.deepEqual([interactions, summaryFailures], [[], []]);
  assert.equal(reply.headers.get('cache-control')?.includes('max-age=60,'), true);
  assert.deepEqual(
    service.sandbox.calls.all.map(({ endpoint }) => endpoint),
    ['interactions'],
  );
});

test('a failure of the summaries never fails the customer', async (t) => {
  const kinds = ['server-error', 'throttled', 'html', 'reset', 'unauthorized', 'hang', 'refused'];
  const upstream = { deadline: '2s', attemptTimeout: '100ms' };
  const { service, pass } = await startAt(t, { sections: { upstream } });
  for (const kind of kinds as Parameters<typeof service.sandbox.faults.set>[0][]) {
    service.sandbox.faults.set(kind, { endpoint: 'summaries' });
    service.sandbox.calls.clear();
    const reply = await service.ask(`${ADA}&include=summaries`);
    const { interactions, summaryFailures } = (await reply.json()) as Joined;
    assert.equal(reply.status, 200);
    assert.ok(service.sandbox.calls.all.some(({ endpoint }) => endpoint === 'summaries'));
    assert.deepEqual(
      summaryFailures,
      interactions.map(({ id }) => ({ id, reason: 'unavailable' })),
    );
    assert.ok(interactions.every(({ summary }) => summary === null));
    // Fresh for the shortest of its parts, though as old as its oldest.
    const [, maxAge] = /max-age=(\d+),/.exec(reply.headers.get('cache-control') ?? '') ?? [];
    assert.equal(Number(maxAge) - Number(reply.headers.get('age')), 5);
    service.sandbox.faults.set(null);
    pass(5_000);
  }
  // So long a refusal is remembered.
  pass(30_000);
  const mended = (await (await service.ask(`${ADA}&include=summaries`)).json()) as Joined;
  assert.ok(mended.interactions.some(({ summary }) => summary !== null));
});

test('summaries need their scope, joined or alone, and are hidden where they are hidden', async (t) => {
  const { service } = await startAt(t, { desk: { scopes: ['read'] } });
  const alone = '/v1/summaries?tenant=acme&interactionId=a';
  assert.equal((await service.ask(alone)).status, 403);
  assert.equal((await service.ask(`${ADA}&include=summaries`)).status, 403);
  assert.equal((await service.ask(ADA)).status, 200);
  assert.deepEqual(
    service.sandbox.calls.all.map(({ endpoint }) => endpoint),
    ['interactions'],
  );

  const hiding = await startService(t, {
    desk: { hide: ['summary'] },
    shared: service.sandbox,
  });
  assert.equal((await hiding.ask(alone)).status, 403);
  const joined = (await (await hiding.ask(`${ADA}&include=summaries`)).json()) as object;
  assert.doesNotMatch(JSON.stringify(joined), /"summary/);
});

test('a refresh asks for both again; without its scope it is ignored', async (t) => {
  const { service } = await startAt(t);
  const noCache = { headers: { 'cache-control': 'no-cache' } };
  await service.ask(`${ADA}&include=summaries`);
  service.sandbox.calls.clear();
  const reply = await service.ask(`${ADA}&include=summaries`, noCache);
  assert.equal(reply.headers.get('cache-status'), 'customer-360; fwd=request; stored');
  assert.equal(service.sandbox.calls.received, 2);

  const { service: other } = await startAt(t, { desk: { scopes: ['read', 'summaries'] } });
  await other.ask(`${ADA}&include=summaries`);
  const ignored = await other.ask(`${ADA}&include=summaries`, noCache);
  assert.match(ignored.headers.get('cache-status') ?? '', /; hit; /);
  assert.equal(other.sandbox.calls.received, 2);
});
