// What leaves for the vendor: to the right region, with the right key, and nothing but what the query needs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { REGIONS } from '../../src/domain/region.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import { createUpstreamClient, type UpstreamCall } from '../../src/upstream/client.ts';
import { createEightByEight } from '../../src/upstream/eight-by-eight.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';
import { startService } from '../support/service.ts';

const view = { fields: null, hide: new Set<string>(), coding: null };
const limits = { connections: 4, maxResponseBytes: 1_000_000, connectTimeoutMs: 5_000 };
const call: UpstreamCall = {
  region: 'us',
  tenantId: TENANTS.acme.tenantId,
  resource: 'interactions-insight',
  parameters: [['email', 'a@example.com']],
};

async function startVendor(t: TestContext) {
  const sandbox = await createSandbox({ now: () => NOW });
  const client = createUpstreamClient({ baseUrls: sandbox.baseUrls, ...limits });
  t.after(async () => {
    await client.close();
    await sandbox.close();
  });
  const { interactions, summaries } = createEightByEight({
    client,
    keysOf: () => [KEYS.acme],
    now: () => NOW,
    emit: () => undefined,
  });
  const ask = async (queryString: string, tenant = tenantWith()) => {
    const { query } = readQuery(queryString, { tenant });
    await interactions(query, { app: 'desk', refresh: false, view });
    return sandbox.calls.all.at(-1);
  };
  return { sandbox, client, ask, summaries };
}

test('a tenant is asked for in its own region, by its own id', async (t) => {
  const { sandbox, client } = await startVendor(t);
  const tenants = Object.values(TENANTS);
  assert.deepEqual(tenants.map(({ region }) => region).toSorted(), [...REGIONS].toSorted());
  for (const { region, tenantId, account } of tenants) {
    const { status } = await client.send({ ...call, region, tenantId }, KEYS[account]);
    assert.equal(status, 200);
    const received = sandbox.calls.all.at(-1);
    assert.deepEqual([received?.region, received?.tenantId], [region, tenantId]);
  }
});

test('a call carries the key, what HTTP needs, and nothing else', async (t) => {
  const { sandbox, client } = await startVendor(t);
  await client.send(call, KEYS.acme);
  const [received] = sandbox.calls.all;
  assert.deepEqual(received?.headers, {
    host: `127.0.0.1:${sandbox.port}`,
    connection: 'keep-alive',
    accept: 'application/json',
    'accept-encoding': 'identity',
    'x-api-key': KEYS.acme,
  });
  assert.equal(received?.method, 'GET');
});

test('nothing of an inbound request goes on to the vendor', async (t) => {
  const service = await startService(t);
  const headers = {
    cookie: 'session=private',
    'x-api-key': 'from-outside',
    'x-request-id': 'private-1',
    'x-forwarded-for': '192.0.2.1',
    'user-agent': 'private agent',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const reply = await service.ask('/v1/customer?tenant=acme&contactId=a', { headers });
  assert.equal(reply.status, 200);
  const [received] = service.sandbox.calls.all;
  assert.deepEqual(Object.keys(received?.headers ?? {}).toSorted(), [
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'x-api-key',
  ]);
  assert.equal(received?.headers['x-api-key'], KEYS.acme);
});

test('each strategy sends exactly its parameters', async (t) => {
  const { ask } = await startVendor(t);
  const sent = async (queryString: string) => (await ask(queryString))?.parameters;
  assert.deepEqual(await sent('email=Ann@Example.com'), [['email', 'ann@example.com']]);
  assert.deepEqual(await sent('phoneNumber=(415)%20555-0140'), [['phoneNumber', '+14155550140']]);
  assert.deepEqual(await sent('contactId=c-1'), [
    ['contactId', 'c-1'],
    ['crmId', 'native'],
  ]);
  assert.deepEqual(await sent('accountId=a-1'), [['accountId', 'a-1']]);
  assert.deepEqual(await sent('accountId=a-1&crmId=native'), [
    ['accountId', 'a-1'],
    ['crmId', 'native'],
  ]);
});

test('times are sent in UTC with Z, on the grid, and only those that the range has', async (t) => {
  const { ask } = await startVendor(t);
  const times = async (queryString: string) =>
    (await ask(`contactId=c-1&${queryString}`))?.parameters.slice(2);
  assert.deepEqual(await times('last=P1Y'), []);
  assert.deepEqual(await times('last=P30D'), [['startTime', '2026-05-16T12:34:00Z']]);
  assert.deepEqual(await times('startTime=2026-06-01T10:30:15-05:00'), [
    ['startTime', '2026-06-01T15:30:00Z'],
  ]);
  assert.deepEqual(
    await times('startTime=2025-08-15T10:30:00.250Z&endTime=2025-08-16T01:00:01%2B02:00'),
    [
      ['startTime', '2025-08-15T10:30:00Z'],
      ['endTime', '2025-08-15T23:01:00Z'],
    ],
  );
});

test('on the wire a plus is %2B, and no value can become another parameter', async (t) => {
  const { ask } = await startVendor(t);
  const url = async (queryString: string) => (await ask(queryString))?.url.split('?')[1];
  assert.equal(await url('phoneNumber=%2B14155550140'), 'phoneNumber=%2B14155550140');
  assert.equal(await url('email=a%2Bb@example.com'), 'email=a%2Bb%40example.com');
  assert.equal(
    await url('accountId=a%26crmId%3Dx%20%23%2F%3F%C3%A9'),
    'accountId=a%26crmId%3Dx%20%23%2F%3F%C3%A9',
  );
});

test('summaries are asked for by a repeated parameter', async (t) => {
  const { sandbox, summaries } = await startVendor(t);
  const query = { tenant: tenantWith(), interactionIds: ['a,b', 'c&d'], owner: null };
  await summaries(query, { app: 'desk', refresh: false, view });
  assert.equal(
    sandbox.calls.all.at(-1)?.url.split('/tenants/')[1],
    `${TENANTS.acme.tenantId}/transcript-summaries?interactionId=a%2Cb&interactionId=c%26d`,
  );
});

test('a base URL may have a path or none', async (t) => {
  const urls: (string | undefined)[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    urls.push(request.url);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const place = server.address();
  assert.ok(place !== null && typeof place === 'object');
  const origin = `http://127.0.0.1:${place.port}`;
  const baseUrls = { us: origin, uk: `${origin}/a/b`, ca: origin, ap: origin };
  const client = createUpstreamClient({ baseUrls, ...limits });
  t.after(() => client.close());
  await client.send({ ...call, tenantId: '../x' }, 'key');
  await client.send({ ...call, region: 'uk' }, 'key');
  const rest = 'interactions-insight?email=a%40example.com';
  assert.deepEqual(urls, [
    `/v1/public/tenants/..%2Fx/${rest}`,
    `/a/b/v1/public/tenants/${TENANTS.acme.tenantId}/${rest}`,
  ]);
});

test('a body is the same in one piece, in many, and in crumbs', async (t) => {
  const { sandbox, client } = await startVendor(t);
  const bodyUnder = async (fault: Fault | null) => {
    sandbox.faults.set(fault);
    const { status, body } = await client.send(call, KEYS.acme);
    assert.equal(status, 200);
    return body.toString();
  };
  const whole = await bodyUnder(null);
  assert.equal(await bodyUnder({ kind: 'drip', byteIntervalMs: 1 }), whole);
  const padded = (text: string) => text.replace(/"padding":"x{100000,}",/, '');
  for (const kind of ['huge', 'crumbs'] as const) {
    assert.equal(padded(await bodyUnder({ kind, bytes: 100_000 })), whole, kind);
  }
});

test('closing ends calls under way', async (t) => {
  const { sandbox, client } = await startVendor(t);
  sandbox.faults.set('hang');
  const arrived = sandbox.calls.next();
  const sent = client.send(call, KEYS.acme);
  const rejected = assert.rejects(sent);
  await arrived;
  await client.close();
  await rejected;
});

test('a call ends with its signal, sent or waiting for a connection', async (t) => {
  const sandbox = await createSandbox({ now: () => NOW });
  const client = createUpstreamClient({ baseUrls: sandbox.baseUrls, ...limits, connections: 1 });
  t.after(async () => {
    await client.close();
    await sandbox.close();
  });
  sandbox.faults.set('hang');
  const [first, second] = [new AbortController(), new AbortController()];
  const arrived = sandbox.calls.next();
  const sent = client.send(call, KEYS.acme, first.signal);
  await arrived;
  const waiting = client.send(call, KEYS.acme, second.signal);
  second.abort(new Error('given up'));
  await assert.rejects(waiting, { message: 'given up' });
  sandbox.faults.set(null);
  first.abort(new Error('given up, too'));
  await assert.rejects(sent, { message: 'given up, too' });
  assert.equal((await client.send(call, KEYS.acme)).status, 200);
  assert.equal(sandbox.calls.all.length, 2, 'what waited has not been sent');
});
