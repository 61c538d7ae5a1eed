// A hit in memory: bytes that are ready, no word with Redis, one line in the log.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { startRedis } from '../support/redis.ts';
import { startMonitor } from '../support/redis-monitor.ts';
import { startService } from '../support/service.ts';

const ADA = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.ada.contactId}`;
/** So long the quota is counted here before Redis is told. */
const QUOTA_EVERY_MS = 100;
const HITS = 100;
const END = 'the end';

/** A service whose memory holds a customer in three forms, and the commands that Redis is sent from then on. */
async function start(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, { env: { REDIS_URL: redis.url } });
  const forms = [{}, { 'accept-encoding': 'br' }, { 'accept-encoding': 'gzip' }];
  const askAll = async () => {
    for (const headers of forms) {
      const reply = await service.ask(`${ADA}&fields=channel`, { headers });
      assert.match(reply.headers.get('cache-status') ?? '', /hit; .*memory|fwd=miss/);
      await reply.arrayBuffer();
    }
  };
  for (let time = 0; time < 10; time += 1) await askAll();
  const { client, monitor } = await startMonitor(t, redis.url);
  const commands: string[] = [];
  monitor.on('monitor', (_time: string, args: readonly string[], from: string) => {
    if (from !== 'lua') commands.push(args.join(' '));
  });
  /** What Redis has been sent by now. */
  const sent = async () => {
    await client.ping(END);
    while (!commands.at(-1)?.endsWith(END)) await once(monitor, 'monitor');
    return commands.slice(0, -1);
  };
  return { ...service, askAll, sent };
}

test('a hit asks Redis nothing about the customer, and of its quota ten times a second', async (t) => {
  const { askAll, sent, sandbox } = await start(t);
  const beganAt = performance.now();
  for (let time = 0; time < HITS; time += 3) await askAll();
  const commands = await sent();
  // Beats come with time, not with hits.
  const ofHits = commands.filter((command) => !/^evalsha \S+ 1 c360:replicas /i.test(command));
  const isQuota = (command: string) => /^evalsha \S+ 1 c360:quota:/i.test(command);
  assert.deepEqual(
    ofHits.filter((command) => !isQuota(command)),
    [],
  );
  const most = 1 + Math.ceil((performance.now() - beganAt) / QUOTA_EVERY_MS);
  assert.ok(ofHits.length <= most, ofHits.join('\n'));
  assert.equal(sandbox.calls.received, 1);
});

test('a hit parses and makes no JSON', async (t) => {
  const { ask, askAll } = await start(t);
  const { mock: parsing } = t.mock.method(JSON, 'parse');
  const { mock: making } = t.mock.method(JSON, 'stringify');
  await askAll();
  assert.equal(parsing.callCount(), 0);
  assert.equal(making.callCount(), 0);
  await ask(`${ADA}&fields=direction`);
  assert.ok(parsing.callCount() > 0 && making.callCount() > 0, 'the first of its form does');
});

test('a hit is one line in the log', async (t) => {
  const { askAll, logs } = await start(t);
  const before = logs().length;
  await askAll();
  const lines = logs().slice(before).trim().split('\n');
  const told = lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 30);
  assert.deepEqual(
    told.map(({ msg }) => msg),
    ['request', 'request', 'request'],
  );
});
