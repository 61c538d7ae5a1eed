// Four replicas at ten times a quota: over Redis, and by shares when it is lost; and one app beside another.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSandbox } from '../../src/sandbox/server.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';

const REPLICAS = 4;
const QUOTA = 100;
const PATH = '/v1/customer?tenant=acme&email=nobody@example.com';

async function startReplicas(t: TestContext, requests = QUOTA) {
  const redis = await startRedis();
  t.after(redis.stop);
  const shared = await createSandbox();
  t.after(shared.close);
  const replicas = [];
  for (let count = 0; count < REPLICAS; count += 1) {
    const desk = { quota: { requests, per: '1m' } };
    replicas.push(await startService(t, { env: { REDIS_URL: redis.url }, shared, desk }));
  }
  return { redis, replicas };
}

/** How many of so many requests are answered, asked a few at a time. */
async function admitted(replica: Service, count: number, key?: string): Promise<number> {
  const init = key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
  let left = count;
  let answered = 0;
  const askOn = async () => {
    while (left > 0) {
      left -= 1;
      const { status } = await replica.ask(PATH, init);
      if (status === 200) answered += 1;
      else assert.equal(status, 429);
    }
  };
  await Promise.all(Array.from({ length: 5 }, askOn));
  return answered;
}

const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);

test('ten times the quota over four replicas: it is admitted, and no other app notices', async (t) => {
  const { replicas } = await startReplicas(t);
  await untilEachSeesAll(replicas);
  const greedy = (QUOTA * 10) / REPLICAS;
  const modest = 20;
  const [ofDesk, ofOther] = await Promise.all([
    Promise.all(replicas.map((replica) => admitted(replica, greedy))),
    Promise.all(replicas.map((replica) => admitted(replica, modest, replica.keys.other))),
  ]);
  for (const { events } of replicas) assert.deepEqual(events.of('counting'), []);
  const total = sum(ofDesk);
  assert.ok(total <= QUOTA * 1.02 && total >= QUOTA * 0.9, `${total} admitted`);
  assert.equal(sum(ofOther), REPLICAS * modest);
});

async function untilEachSeesAll(replicas: readonly Service[]) {
  for (const { events } of replicas) {
    for (let count = 1; events.of('replicas').at(-1)?.count !== REPLICAS; count += 1) {
      await events.nth('replicas', count);
    }
  }
}

async function loseRedis({ redis, replicas }: Awaited<ReturnType<typeof startReplicas>>) {
  await untilEachSeesAll(replicas);
  await redis.stop();
  for (const { events } of replicas) await events.nth('redis-state', 2);
}

test('without Redis each admits its share, which is that of the replicas seen last', async (t) => {
  const started = await startReplicas(t);
  const { replicas } = started;
  await loseRedis(started);
  const counts = await Promise.all(replicas.map((replica) => admitted(replica, QUOTA)));
  assert.deepEqual(counts, Array(REPLICAS).fill(QUOTA / REPLICAS));
  for (const { events, logs } of replicas) {
    assert.deepEqual(events.of('counting'), [
      { type: 'counting', of: 'quota', state: 'alone', replicas: REPLICAS },
    ]);
    assert.equal(logs().match(/this process grants its share/g)?.length, 1);
  }
});

test('without Redis a request that costs more than a share is answered once', async (t) => {
  const started = await startReplicas(t, 5);
  await loseRedis(started);
  const [{ ask }] = started.replicas as [Service, ...Service[]];
  const ids = Array.from({ length: 200 }, (_, index) => `interactionId=i${index}`).join('&');
  const asked = () => ask(`/v1/summaries?tenant=acme&${ids}`);
  assert.equal((await asked()).status, 200);
  const refused = await asked();
  assert.equal(refused.status, 429);
  // Three windows pay for it: there is something again in the fourth one after this.
  const seconds = Number(refused.headers.get('retry-after'));
  assert.ok(seconds > 3 * 60 - 10 && seconds <= 4 * 60, String(seconds));
});
