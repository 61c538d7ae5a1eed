// What has lost its freshness is answered with at once, and fetched anew behind the caller's back.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createClock } from '../support/clock.ts';
import { createGate } from '../support/gate.ts';
import { connectRaw, requestBytes, sendRaw } from '../support/raw-http.ts';
import { type ServiceOptions, startService } from '../support/service.ts';

const DAY_MS = 86_400_000;
const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;

/** A service with a clock of its own, before a sandbox whose population can be changed. */
async function start(t: TestContext, options: ServiceOptions = {}) {
  const clock = createClock(Date.now());
  const population = [...standardPopulation(clock.now() - DAY_MS)];
  const service = await startService(t, { now: clock.now, sandbox: { population }, ...options });
  const change = () => population.splice(0, population.length, ...standardPopulation(clock.now()));
  return { ...service, clock, change };
}

const statusOf = (reply: Response) => reply.headers.get('cache-status');

test('it comes at once though 8x8 does not answer, and is asked for once', async (t) => {
  const sandbox = await createSandbox();
  t.after(sandbox.close);
  const gate = await createGate(t, sandbox);
  gate.open();
  const { ask, clock, events } = await start(t, {
    shared: sandbox,
    sections: { regions: gate.baseUrls },
  });
  const body = await (await ask(ADA)).text();
  gate.shut();
  clock.pass(72_000);
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask(ADA)));
  for (const reply of replies) {
    assert.equal(statusOf(reply), 'customer-360; hit; ttl=-12; detail=memory');
    assert.equal(reply.headers.get('age'), '72');
    assert.equal(await reply.text(), body);
  }
  await gate.nth(2);
  assert.equal(statusOf(await ask(ADA)), 'customer-360; hit; ttl=-12; detail=memory');
  gate.open();
  assert.equal((await events.nth('background-refresh', 1)).outcome, 'ok');
  assert.equal(statusOf(await ask(ADA)), 'customer-360; hit; ttl=60; detail=memory');
  assert.equal(sandbox.calls.received, 2);
  assert.deepEqual(
    events.of('cache-read').map(({ outcome }) => outcome),
    ['miss', ...Array.from({ length: 21 }, () => 'stale'), 'hit'],
  );
});

test('a caller who leaves does not end it', async (t) => {
  const sandbox = await createSandbox();
  t.after(sandbox.close);
  const gate = await createGate(t, sandbox);
  gate.open();
  const { ask, clock, events, keys, url } = await start(t, {
    shared: sandbox,
    sections: { regions: gate.baseUrls },
  });
  await ask(ADA);
  gate.shut();
  clock.pass(60_000);
  const connection = await connectRaw(url);
  connection.write(requestBytes('GET', ADA, { headers: { Authorization: `Bearer ${keys.desk}` } }));
  assert.equal((await connection.reply())?.status, 200);
  connection.leave();
  await gate.nth(2);
  gate.open();
  assert.equal((await events.nth('background-refresh', 1)).outcome, 'ok');
  assert.equal(await (await sandbox.calls.nth(2)).outcome, 'replied');
});

test('the same content keeps its bytes and its tag, and is young again', async (t) => {
  const { ask, clock, events, keys, url } = await start(t);
  const plain = { headers: { 'accept-encoding': 'identity' } };
  const first = await ask(ADA, plain);
  const etag = first.headers.get('etag') ?? '';
  // Not by fetch, which asks for a refresh where it is given a tag.
  const askAgain = async () => {
    const headers = { Authorization: `Bearer ${keys.desk}`, 'If-None-Match': etag };
    const reply = await sendRaw(url, ['GET', ADA], { headers });
    return [reply.status, reply.headers.get('age'), reply.headers.get('cache-status')];
  };
  clock.pass(100_000);
  assert.deepEqual(await askAgain(), [304, '100', 'customer-360; hit; ttl=-40; detail=memory']);
  await events.nth('background-refresh', 1);
  clock.pass(5_000);
  assert.deepEqual(await askAgain(), [304, '5', 'customer-360; hit; ttl=55; detail=memory']);
  const whole = await ask(ADA, plain);
  assert.equal(whole.headers.get('etag'), etag);
  assert.equal(await whole.text(), await first.text());
});

test('changed content comes with the next ask', async (t) => {
  const { ask, clock, change, events } = await start(t);
  const first = await ask(ADA);
  const old = await first.text();
  change();
  clock.pass(59_999);
  assert.equal(await (await ask(ADA)).text(), old);
  clock.pass(1);
  assert.equal(await (await ask(ADA)).text(), old);
  await events.nth('background-refresh', 1);
  const next = await ask(ADA);
  assert.equal(statusOf(next), 'customer-360; hit; ttl=60; detail=memory');
  assert.notEqual(await next.text(), old);
  assert.notEqual(next.headers.get('etag'), first.headers.get('etag'));
});

test('past its time it is fetched while the caller waits', async (t) => {
  const { ask, clock, sandbox } = await start(t);
  await ask(ADA);
  clock.pass(60_000 + 600_000);
  assert.equal(statusOf(await ask(ADA)), 'customer-360; fwd=miss; stored');
  assert.equal(sandbox.calls.received, 2);
});

test('open and closed ranges have times of their own, and so has each tenant', async (t) => {
  const { ask, clock, sandbox } = await start(t, {
    tenants: {
      globex: {
        freshness: {
          ...{ open: '10s', closed: '1h', settle: '12h' },
          ...{ staleWhileRevalidate: '30s', staleIfError: '1m' },
        },
      },
    },
  });
  const daysAgo = (days: number) => new Date(clock.now() - days * DAY_MS).toISOString();
  const rangeTo = (days: number) => `&startTime=${daysAgo(days + 30)}&endTime=${daysAgo(days)}`;
  const pathOf = (tenant: string, range: string) =>
    `/v1/customer?tenant=${tenant}&email=${CUSTOMERS.busy.email}${range}`;
  const paths = ['acme', 'globex'].flatMap((tenant) =>
    ['', rangeTo(1), rangeTo(3)].map((range) => pathOf(tenant, range)),
  );
  const replies = await Promise.all(paths.map((path) => ask(path)));
  assert.deepEqual(
    replies.map((reply) => reply.headers.get('cache-control')),
    [
      'private, max-age=60, stale-while-revalidate=600',
      'private, max-age=60, stale-while-revalidate=600',
      'private, max-age=86400, stale-while-revalidate=600',
      'private, max-age=10, stale-while-revalidate=30',
      'private, max-age=3600, stale-while-revalidate=30',
      'private, max-age=3600, stale-while-revalidate=30',
    ],
  );
  const later = async () => (await Promise.all(paths.map((path) => ask(path)))).map(statusOf);
  clock.pass(40_000);
  const ttl = (seconds: number) => `customer-360; hit; ttl=${seconds}; detail=memory`;
  const fetched = 'customer-360; fwd=miss; stored';
  assert.deepEqual(await later(), [ttl(20), ttl(20), ttl(86_360), fetched, ttl(3_560), ttl(3_560)]);
  clock.pass(30_000);
  assert.deepEqual(await later(), [
    ...[ttl(-10), ttl(-10), ttl(86_330)],
    ...[ttl(-20), ttl(3_530), ttl(3_530)],
  ]);
  await sandbox.calls.nth(6 + 1 + 3);
});

test('what was fetched together does not lose its freshness together', async (t) => {
  const spread = [0, 0.25, 0.5, 0.75, 0.9999];
  let drawn = 0;
  const random = () => spread[drawn++ % spread.length] ?? 0;
  const { ask, clock, sandbox } = await start(t, { random });
  const paths = spread.map((_, index) => `/v1/customer?tenant=acme&contactId=c-${index}`);
  const ages: (string | undefined)[] = [];
  for (const path of paths) {
    const reply = await ask(path);
    ages.push(/max-age=(\d+)/.exec(reply.headers.get('cache-control') ?? '')?.[1]);
  }
  assert.deepEqual(ages, ['54', '57', '60', '63', '65']);
  clock.pass(60_000);
  const ttls: (string | undefined)[] = [];
  for (const path of paths) ttls.push(/ttl=(-?\d+)/.exec(statusOf(await ask(path)) ?? '')?.[1]);
  assert.deepEqual(ttls, ['-6', '-3', '0', '3', '5']);
  // Those three are stale; no other is asked for.
  await sandbox.calls.nth(spread.length + 3);
  assert.equal(sandbox.calls.received, spread.length + 3);
});
