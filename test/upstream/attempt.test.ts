// One attempt: with the tenant's next key after a 401, and with the operator told of each refusal.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import { attempt } from '../../src/upstream/attempt.ts';
import { createUpstreamClient } from '../../src/upstream/client.ts';
import { createEightByEight } from '../../src/upstream/eight-by-eight.ts';
import { createEventLog } from '../support/events.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';

const { tenantId, region } = TENANTS.initech;
const initech = tenantWith({ name: 'initech', tenantId, region });

async function startVendor(t: TestContext, keys: readonly string[], tenant = initech) {
  const sandbox = await createSandbox({ now: () => NOW });
  const client = createUpstreamClient({
    baseUrls: sandbox.baseUrls,
    connections: 4,
    maxResponseBytes: 1_000_000,
    connectTimeoutMs: 5_000,
  });
  t.after(async () => {
    await client.close();
    await sandbox.close();
  });
  const events = createEventLog();
  const common = { now: () => NOW, emit: events.add };
  const { interactions } = createEightByEight({ client, keysOf: () => keys, ...common });
  const layer = attempt<
    Parameters<typeof interactions>[0],
    Awaited<ReturnType<typeof interactions>>
  >({ timeoutMs: 60_000, keyCount: () => keys.length, emit: events.add });
  const source = layer(interactions);
  const view = { fields: null, hide: new Set<string>(), coding: null };
  const { query } = readQuery('contactId=contact-busby', { tenant });
  const ask = () => source(query, { app: 'desk', refresh: false, view });
  const keysSent = () => sandbox.calls.all.map(({ headers }) => headers['x-api-key']);
  return { sandbox, events, ask, keysSent };
}

test('after a 401 the next key is tried, and the operator is told which one was refused', async (t) => {
  const { ask, keysSent, events } = await startVendor(t, ['eght_wrong', KEYS.initechNext]);
  assert.equal((await ask()).rows, 50);
  assert.deepEqual(keysSent(), ['eght_wrong', KEYS.initechNext]);
  assert.deepEqual(events.of('upstream-refused-key'), [
    { type: 'upstream-refused-key', tenant: 'initech', region: 'ap', keyPosition: 1, status: 401 },
  ]);
});

test('a key that is accepted is the only one that is sent', async (t) => {
  const { ask, keysSent } = await startVendor(t, [KEYS.initech, KEYS.initechNext]);
  await ask();
  assert.deepEqual(keysSent(), [KEYS.initech]);
});

test('when the last key is refused the service is misconfigured', async (t) => {
  const { ask, keysSent, events } = await startVendor(t, ['eght_wrong', 'eght_wronger']);
  await assert.rejects(ask(), { slug: 'upstream-misconfigured' });
  assert.deepEqual(keysSent(), ['eght_wrong', 'eght_wronger']);
  assert.deepEqual(
    events.of('upstream-refused-key').map(({ keyPosition }) => keyPosition),
    [1, 2],
  );
});

test('a 403 is no matter of the key: no other is tried', async (t) => {
  const keys = [KEYS.initech, KEYS.initechNext];
  const { ask, keysSent, events } = await startVendor(t, keys, { ...initech, tenantId: 'wrong' });
  await assert.rejects(ask(), { slug: 'upstream-misconfigured' });
  assert.deepEqual(keysSent(), [KEYS.initech]);
  assert.deepEqual(
    events.of('upstream-refused-key').map(({ status }) => status),
    [403],
  );
});

test('other failures are no matter of the key either', async (t) => {
  const { ask, keysSent, sandbox, events } = await startVendor(t, [KEYS.initech, KEYS.initechNext]);
  sandbox.faults.set('server-error');
  await assert.rejects(ask(), { slug: 'upstream-unavailable' });
  assert.deepEqual(keysSent(), [KEYS.initech]);
  assert.deepEqual(events.of('upstream-refused-key'), []);
});

test('each key has the whole time of an attempt', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const outer = new AbortController();
  const layer = attempt<{ tenant: typeof initech }, string>({
    timeoutMs: 60_000,
    keyCount: () => 1,
    emit: () => undefined,
  });
  const source = layer(async (_query, { signal }) => {
    signals.push(signal);
    if (signals.length === 3) outer.abort();
    return `ended: ${signal?.aborted}`;
  });
  const view = { fields: null, hide: new Set<string>(), coding: null };
  const context = { app: 'desk', refresh: false, view, signal: outer.signal };
  assert.equal(await source({ tenant: initech }, context), 'ended: false');
  assert.equal(await source({ tenant: initech }, context), 'ended: false');
  assert.notEqual(signals[0], signals[1]);
  // The deadline of the whole answer ends an attempt too.
  assert.equal(await source({ tenant: initech }, context), 'ended: true');
});
