// An app that asks for very much, beside one that asks for little: neither 8x8's places nor its calls are all its own.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createGate } from '../support/gate.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, type ServiceOptions, startService } from '../support/service.ts';

const STORED = 'customer-360; fwd=miss; stored';
const CONNECTIONS = 2;
const UPSTREAM = { upstream: { connections: CONNECTIONS } };
const WAITING = 16 * CONNECTIONS;

const pathOf = (contact: string) => `/v1/customer?tenant=acme&contactId=${contact}`;
const statusOf = (reply: Response) => reply.headers.get('cache-status');

/** The app `desk` asks for much, and `other` for little. */
function appsOf({ ask, keys }: Service) {
  return {
    greedy: (contact: string) => ask(pathOf(`greedy-${contact}`)),
    modest: (contact: string) =>
      ask(pathOf(`modest-${contact}`), { headers: { authorization: `Bearer ${keys.other}` } }),
  };
}

async function start(t: TestContext, options: ServiceOptions = {}) {
  const service = await startService(t, options);
  return { ...service, ...appsOf(service) };
}

test('where the line to 8x8 is full of one app, another finds a place in it and is the next', async (t) => {
  const sandbox = await createSandbox();
  t.after(() => sandbox.close());
  const gate = await createGate(t, sandbox);
  const sections = { ...UPSTREAM, regions: gate.baseUrls };
  const { greedy, modest, events } = await start(t, { shared: sandbox, sections });
  const crowd = Array.from({ length: CONNECTIONS + WAITING + 1 }, (_, at) => greedy(`${at}`));
  await events.nth('upstream-refused-place', 1);
  const asked = modest('asked');
  // The last one of the crowd has made room.
  await events.nth('upstream-refused-place', 2);
  await gate.nth(CONNECTIONS);
  gate.open();
  assert.equal(statusOf(await asked), STORED);
  const statuses = (await Promise.all(crowd)).map(({ status }) => status);
  assert.deepEqual(
    [200, 503].map((status) => statuses.filter((each) => each === status).length),
    [CONNECTIONS + WAITING - 1, 2],
  );
  const contacts = sandbox.calls.all.map(({ parameters }) => Object.fromEntries(parameters));
  const place = contacts.findIndex(({ contactId }) => contactId === 'modest-asked');
  assert.ok(place >= 0 && place <= 2 * CONNECTIONS, `call ${place}`);
});

test('beside an app that asks without a pause, each call of another is answered', async (t) => {
  const { greedy, modest, events } = await start(t, {
    sandbox: { latencyMs: 20 },
    sections: UPSTREAM,
  });
  let isOver = false;
  const statuses = new Set<number>();
  const askOnAndOn = async (_: unknown, asker: number) => {
    for (let count = 0; !isOver; count += 1) {
      const reply = await greedy(`${asker}-${count}`);
      await reply.arrayBuffer();
      statuses.add(reply.status);
    }
  };
  const crowd = Array.from({ length: CONNECTIONS + WAITING + 4 }, askOnAndOn);
  await events.nth('upstream-refused-place', 1);
  const answers = [];
  for (let count = 0; count < 10; count += 1) answers.push(statusOf(await modest(`${count}`)));
  isOver = true;
  await Promise.all(crowd);
  assert.deepEqual(new Set(answers), new Set([STORED]));
  assert.deepEqual([...statuses].sort(), [200, 503]);
});

test('no call to 8x8 is begun that the deadline would cut short: it would be lost, and taken for a failure', async (t) => {
  const { greedy, modest, events } = await start(t, {
    sandbox: { latencyMs: 300 },
    sections: { upstream: { connections: CONNECTIONS, deadline: '4s', attemptTimeout: '2s' } },
  });
  // More than can be answered in 4 seconds.
  const crowd = Array.from({ length: CONNECTIONS + WAITING }, (_, at) => greedy(`${at}`));
  await events.nth('flight-begun', crowd.length);
  assert.equal(statusOf(await modest('first')), STORED);
  const statuses = new Set((await Promise.all(crowd)).map(({ status }) => status));
  assert.deepEqual([...statuses].sort(), [200, 503]);
  const outcomes = new Set(events.of('upstream-call').map(({ outcome }) => outcome));
  assert.deepEqual([...outcomes], ['ok']);
});

const REQUESTS = 20;
const TENTH = 2;
const budget = { requests: REQUESTS, per: '1d' };

test('an app that asks one replica leaves the last calls of a budget to one that asks another', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const options = {
    env: { REDIS_URL: redis.url },
    tenants: { acme: { budget }, 'acme-uk': { budget } },
  };
  const one = await start(t, options);
  const other = await start(t, { ...options, shared: one.sandbox });
  const statuses = [];
  for (let count = 0; count < REQUESTS; count += 1) {
    statuses.push((await one.greedy(`${count}`)).status);
  }
  const granted = REQUESTS - TENTH;
  assert.deepEqual(
    statuses,
    statuses.map((_, at) => (at < granted ? 200 : 503)),
  );
  assert.equal((await other.greedy('elsewhere')).status, 503);
  for (let count = 0; count < TENTH; count += 1) {
    assert.equal(statusOf(await other.modest(`${count}`)), STORED);
  }
  assert.equal((await other.modest('one-more')).status, 503);
  assert.equal(one.sandbox.calls.received, REQUESTS);
});
