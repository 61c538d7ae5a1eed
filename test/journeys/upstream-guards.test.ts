// The way to 8x8 fails in passing, for long, or is full: tried once more, left alone, or refused, region by region.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSandbox } from '../../src/sandbox/server.ts';
import { createClock } from '../support/clock.ts';
import { createGate } from '../support/gate.ts';
import { startService } from '../support/service.ts';

const STORED = 'customer-360; fwd=miss; stored';
const FIRST_PAUSE_MS = 750;

const pathOf = (contact: string, tenant = 'acme') =>
  `/v1/customer?tenant=${tenant}&contactId=${contact}`;
const statusOf = (reply: Response) => reply.headers.get('cache-status');

async function start(t: TestContext) {
  const clock = createClock(Date.now());
  const service = await startService(t, { now: clock.now, sandbox: { now: clock.now } });
  const levels = (event: string) =>
    service
      .logs()
      .split('\n')
      .filter((line) => line.includes(`"event":"${event}"`))
      .map((line) => (JSON.parse(line) as { state: string; level: string }).state);
  return { ...service, clock, levels };
}

for (const kind of ['unavailable', 'bad-gateway', 'reset'] as const) {
  test(`one ${kind} is not seen by the caller`, async (t) => {
    const { ask, sandbox, events } = await start(t);
    sandbox.faults.set(kind, { times: 1 });
    assert.equal(statusOf(await ask(pathOf('contact-Ansari'))), STORED);
    assert.equal(sandbox.calls.received, 2);
    assert.deepEqual(
      events.of('upstream-retry').map(({ outcome }) => outcome),
      ['retried'],
    );
  });
}

test('where 8x8 fails for a tenant it is left alone, and asked by one call after a pause', async (t) => {
  const { ask, sandbox, clock, levels } = await start(t);
  await ask(pathOf('held'));
  clock.pass(60_000 + 600_000);
  sandbox.faults.set('unavailable', { region: 'us' });
  const failed = [];
  for (let number = 0; number < 6; number += 1) failed.push(await ask(pathOf(`new-${number}`)));
  assert.deepEqual(new Set(failed.map(({ status }) => status)), new Set([503]));
  // Of five calls in all the four last have failed.
  assert.equal(sandbox.calls.received, 1 + 4);
  assert.equal(failed.at(-1)?.headers.get('retry-after'), '1');
  const stale = await ask(pathOf('held'));
  assert.equal(statusOf(stale), 'customer-360; fwd=stale; fwd-status=503; detail=stale-if-error');
  assert.equal(sandbox.calls.received, 1 + 4);
  assert.equal(statusOf(await ask(pathOf('other', 'globex'))), STORED);

  sandbox.faults.set(null);
  clock.pass(FIRST_PAUSE_MS);
  assert.equal(statusOf(await ask(pathOf('new-0'))), STORED);
  assert.equal(statusOf(await ask(pathOf('new-1'))), STORED);
  assert.deepEqual(levels('breaker'), ['open', 'half-open', 'closed']);
});

test('what one customer is refused for, opens nothing for others', async (t) => {
  const { ask, sandbox } = await start(t);
  sandbox.faults.set('refused');
  for (let number = 0; number < 20; number += 1) await ask(pathOf(`new-${number}`));
  sandbox.faults.set(null);
  assert.equal(statusOf(await ask(pathOf('contact-Ansari'))), STORED);
});

test('calls under way to a region are bounded, and so are those that wait', async (t) => {
  const sandbox = await createSandbox();
  t.after(() => sandbox.close());
  const gate = await createGate(t, sandbox);
  const service = await startService(t, {
    shared: sandbox,
    sections: { regions: gate.baseUrls, upstream: { connections: 2 } },
  });
  gate.open();
  await service.ask(pathOf('held'));
  gate.shut();
  const asked = Array.from({ length: 2 + 32 + 6 }, (_, number) =>
    service.ask(pathOf(`new-${number}`)),
  );
  await service.events.nth('upstream-refused-place', 6);
  await gate.nth(3);
  const taken = async () => {
    const text = await (await fetch(`${service.opsUrl}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => /^customer360_upstream_.*region="us"\} \d+$/.test(line));
  };
  assert.deepEqual(await taken(), [
    'customer360_upstream_refusing{region="us"} 1',
    'customer360_upstream_refused_places_total{region="us"} 6',
    'customer360_upstream_calls_under_way{region="us"} 2',
    'customer360_upstream_calls_waiting{region="us"} 32',
  ]);
  assert.equal((await service.ask(pathOf('held'))).status, 200);
  assert.equal(gate.arrived, 3);
  gate.open();
  const replies = await Promise.all(asked);
  const refused = replies.filter(({ status }) => status === 503);
  assert.equal(refused.length, 6);
  for (const reply of refused) {
    assert.equal(((await reply.json()) as { type: string }).type, '/problems/overloaded');
  }
  assert.equal(replies.filter(({ status }) => status === 200).length, 34);
  await service.events.nth('bulkhead', 2);
  const states = service.logs().matchAll(/"event":"bulkhead","region":"us","state":"(.*?)"/g);
  assert.deepEqual(
    [...states].map(([, state]) => state),
    ['full', 'free'],
  );
  assert.deepEqual(await taken(), [
    'customer360_upstream_refusing{region="us"} 0',
    'customer360_upstream_refused_places_total{region="us"} 6',
    'customer360_upstream_calls_under_way{region="us"} 0',
    'customer360_upstream_calls_waiting{region="us"} 0',
  ]);
});
