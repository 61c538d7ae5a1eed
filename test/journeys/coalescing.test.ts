// Many ask for the same at once: 8x8 is called once, whatever becomes of it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createGate } from '../support/gate.ts';
import { connectRaw, requestBytes } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const { busy } = CUSTOMERS;
const BUSY = `/v1/customer?tenant=acme&phoneNumber=${encodeURIComponent(busy.phoneNumber)}`;

/** A service whose calls to 8x8 wait until they are let through. */
async function start(t: TestContext) {
  const sandbox = await createSandbox();
  t.after(sandbox.close);
  const gate = await createGate(t, sandbox);
  const service = await startService(t, { shared: sandbox, sections: { regions: gate.baseUrls } });
  return { ...service, gate };
}

/** One of the ways to ask for the same customer and range. */
function askInAnyWay({ ask, post }: Service, index: number): Promise<Response> {
  const body = { tenant: 'acme', customer: 'tel:+1-415-555-0140', last: 'P12M' };
  const ways = [
    () => ask(BUSY),
    () => ask(`/v1/customer?tenant=acme&phoneNumber=${encodeURIComponent('(415) 555-0140')}`),
    () => ask('/v1/customer?tenant=acme&customer=0014155550140&last=P1Y'),
    () => ask('/v1/customer?customer=phone:%2B1%20415%20555%200140&tenant=acme'),
    () => post('/v1/customer', body),
    () => post('/v1/customer', body, { method: 'QUERY' }),
  ];
  return (ways[index % ways.length] ?? assert.fail())();
}

/** Asks so often at once; resolves when all but the first wait for that one's call. */
async function askTogether(
  service: Service & { readonly gate: { nth(count: number): Promise<void> } },
  count: number,
  ask: (index: number) => Promise<Response>,
): Promise<readonly Promise<Response>[]> {
  const asked = Array.from({ length: count }, (_, index) => ask(index));
  await service.events.nth('flight-joined', count - 1);
  await service.gate.nth(1);
  return asked;
}

function tally(texts: readonly (string | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text ?? ''] = (counts[text ?? ''] ?? 0) + 1;
  return counts;
}

test('200 callers of a cold customer, however they spell it, are one call', async (t) => {
  const service = await start(t);
  const asked = await askTogether(service, 200, (index) => askInAnyWay(service, index));
  service.gate.open();
  const replies = await Promise.all(asked);
  const bodies = new Set(await Promise.all(replies.map((reply) => reply.text())));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  assert.equal(bodies.size, 1);
  assert.deepEqual(tally(replies.map((reply) => reply.headers.get('cache-status'))), {
    'customer-360; fwd=miss; stored': 1,
    'customer-360; fwd=miss; stored; collapsed': 199,
  });
  assert.equal(service.sandbox.calls.received, 1);
});

test('two customers are two calls, and neither waits for the other', async (t) => {
  const service = await start(t);
  const paths = [BUSY, `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`];
  const asked = paths.map((path) => service.ask(path));
  await service.gate.nth(2);
  service.gate.open();
  const [one, other] = await Promise.all(asked.map(async (reply) => (await reply).text()));
  assert.notEqual(one, other);
  assert.deepEqual(service.events.of('flight-joined'), []);
});

test('the one who began it leaves, and the others get their answer', async (t) => {
  const service = await start(t);
  const connection = await connectRaw(service.url);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  connection.write(requestBytes('GET', BUSY, { headers }));
  await service.gate.nth(1);
  const asked = Array.from({ length: 9 }, () => service.ask(BUSY));
  await service.events.nth('flight-joined', 9);
  connection.leave();
  assert.equal((await service.events.nth('request', 1)).outcome, 'aborted');
  service.gate.open();
  const replies = await Promise.all(asked);
  assert.deepEqual(tally(replies.map((reply) => reply.headers.get('cache-status'))), {
    'customer-360; fwd=miss; stored; collapsed': 9,
  });
  assert.equal(service.gate.arrived, 1);
});

test('all leave, and what was fetched is kept all the same', async (t) => {
  const service = await start(t);
  const connection = await connectRaw(service.url);
  const headers = { Authorization: `Bearer ${service.keys.desk}` };
  connection.write(requestBytes('GET', BUSY, { headers }));
  await service.gate.nth(1);
  connection.leave();
  await service.events.nth('request', 1);
  const late = service.ask(BUSY);
  await service.events.nth('flight-joined', 1);
  service.gate.open();
  assert.equal((await late).status, 200);
  assert.match((await service.ask(BUSY)).headers.get('cache-status') ?? '', /; hit; /);
  assert.equal(service.gate.arrived, 1);
});

test('a call that fails fails all who wait, once, and the next one asks again', async (t) => {
  const service = await start(t);
  service.sandbox.faults.set('server-error', { times: 1 });
  const asked = await askTogether(service, 50, () => service.ask(BUSY));
  service.gate.open();
  const replies = await Promise.all(asked);
  assert.deepEqual(tally(replies.map(({ status }) => String(status))), { 503: 50 });
  assert.equal(service.sandbox.calls.received, 1);
  const next = await service.ask(BUSY);
  assert.equal(next.headers.get('cache-status'), 'customer-360; fwd=miss; stored');
  assert.equal(service.sandbox.calls.received, 2);
});

test('with summaries it is one call for each', async (t) => {
  const service = await start(t);
  const path = `${BUSY}&include=summaries`;
  const asked = await askTogether(service, 100, () => service.ask(path));
  service.gate.open();
  const replies = await Promise.all(asked);
  const bodies = new Set(await Promise.all(replies.map((reply) => reply.text())));
  assert.equal(bodies.size, 1);
  assert.deepEqual(tally(replies.map((reply) => reply.headers.get('cache-status'))), {
    'customer-360; fwd=miss; stored': 1,
    'customer-360; fwd=miss; stored; collapsed': 99,
  });
  assert.deepEqual(
    service.sandbox.calls.all.map(({ endpoint }) => endpoint),
    ['interactions', 'summaries'],
  );
});

test('a refresh joins one under way, and one that is asked for with it', async (t) => {
  const service = await start(t);
  service.gate.open();
  await service.ask(BUSY);
  service.gate.shut();
  const refresh = { headers: { 'cache-control': 'no-cache' } };
  const asked = Array.from({ length: 20 }, () => service.ask(BUSY, refresh));
  await service.events.nth('flight-joined', 19);
  service.gate.open();
  const replies = await Promise.all(asked);
  assert.deepEqual(tally(replies.map((reply) => reply.headers.get('cache-status'))), {
    'customer-360; fwd=request; stored': 1,
    'customer-360; fwd=request; stored; collapsed': 19,
  });
  assert.equal(service.gate.arrived, 2);
});
