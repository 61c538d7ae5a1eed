// A thousand callers of one cold customer, over four processes: 8x8 is called once.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replica-processes.ts';

const BUSY = `/v1/customer?tenant=acme&contactId=${CUSTOMERS.busy.contactId}`;
const PROCESSES = 4;
const CALLERS = 1_000;

async function start(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const sandbox = await createSandbox({ latencyMs: 500 });
  t.after(sandbox.close);
  const replicas = await startReplicas(t, {
    count: PROCESSES,
    redisUrl: redis.url,
    regions: sandbox.baseUrls,
  });
  /** All at once. */
  const ask = (callers: number) =>
    Promise.all(
      Array.from({ length: callers }, async (_, index) => {
        const { ask } = replicas[index % PROCESSES] ?? assert.fail();
        const reply = await ask(BUSY);
        const status = reply.headers.get('cache-status') ?? '';
        return { status: reply.status, from: status, body: await reply.text() };
      }),
    );
  return { sandbox, ask };
}

test('all get the same bytes after one call', async (t) => {
  const { sandbox, ask } = await start(t);
  const replies = await ask(CALLERS);
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  assert.equal(new Set(replies.map(({ body }) => body)).size, 1);
  assert.equal(sandbox.calls.received, 1);
  const first = replies.filter(({ from }) => from === 'customer-360; fwd=miss; stored');
  assert.equal(first.length, 1);
  // Who comes late finds it kept.
  for (const { from } of replies) assert.match(from, /; stored(?:; collapsed)?$|; hit; /);
});
