// Several processes as one service: one port, one configuration, one set of quotas, one /metrics.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { TENANTS } from '../../src/sandbox/tenants.ts';
import { sendRaw } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import {
  CACHE_SECRET,
  listening,
  SEARCH,
  type StartedService,
  startService,
} from '../support/service-process.ts';
import { countIn, linesOf, signal, untilLogged, workersOf } from '../support/worker-logs.ts';

const ROUTE = '/v1/customer';

/** Asks for a customer so many times, each on a connection of its own, so that workers take turns. */
async function askAnew(api: string, { key }: StartedService, times: number) {
  const replies = [];
  for (let at = 0; at < times; at += 1) {
    replies.push(await sendRaw(api, ['GET', SEARCH], { headers: { 'x-app-key': key } }));
  }
  return replies;
}

/** The workers that have logged a request for a customer. */
function askedWorkers({ started }: StartedService): ReadonlySet<unknown> {
  const requests = linesOf(started, 'request').filter(({ route }) => route === ROUTE);
  return new Set(requests.map(({ pid }) => pid));
}

test('two workers serve one port as one service, configured by what the first process read', async (t) => {
  // Whoever reads the file after the first process finds none.
  const prelude = `
    import { rmSync } from 'node:fs';
    if (process.argv[2] === 'worker') rmSync('config.yaml', { force: true });`;
  const service = await startService(t, { env: { WORKERS: '2' }, prelude });
  const { started } = service;
  const { api, ops } = await listening(started);

  const replies = await askAnew(api, service, 6);
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(replies.map(({ headers }) => headers.get('etag'))).size, 1);
  for (const origin of [api, ops]) {
    const ready = await fetch(`${origin}/readyz`);
    assert.deepEqual([ready.status, await ready.json()], [200, { status: 'ok', degraded: [] }]);
    assert.equal((await fetch(`${origin}/livez`)).status, 200);
  }
  assert.equal((await fetch(`${ops}${SEARCH}`)).status, 404);
  assert.equal((await fetch(`${api}/metrics`)).status, 404);

  started.child.kill('SIGTERM');
  assert.deepEqual(await started.ended, [0, null]);
  assert.equal(started.errors(), '');
  const workers = workersOf(started);
  assert.equal(workers.length, 2);
  assert.deepEqual(askedWorkers(service), new Set(workers));
  assert.ok(!workers.includes(started.child.pid ?? 0));
  const told = linesOf(started).filter(
    ({ pid, msg }) => pid === started.child.pid && msg !== 'request',
  );
  assert.deepEqual(
    told.map(({ msg }) => msg),
    [
      'a worker listens',
      'a worker listens',
      'REDIS_URL is not set: answers are kept by each worker alone, which grants its part of each quota and budget.',
      'listening',
      'draining',
      'ended',
    ],
  );
});

test('without Redis workers together admit no more than a quota, nor ask 8x8 more often than a budget', async (t) => {
  const ask = async (changes: Parameters<typeof startService>[1], status: number) => {
    const service = await startService(t, { env: { WORKERS: '2' }, ...changes });
    const { api } = await listening(service.started);
    const statuses = [];
    for (let at = 0; at < 30; at += 1) {
      const path = `/v1/customer?tenant=acme&contactId=c-${at}`;
      const asked = await sendRaw(api, ['GET', path], { headers: { 'x-app-key': service.key } });
      statuses.push(asked.status);
    }
    assert.equal(askedWorkers(service).size, 2);
    assert.deepEqual(new Set(statuses), new Set([200, status]));
    return { calls: service.sandbox.calls.all.length };
  };
  assert.equal((await ask({ requests: 10 }, 429)).calls, 10);
  const { tenantId, region } = TENANTS.acme;
  const budget = { requests: 10, per: '1h' };
  const acme = { tenantId, region, apiKeys: [{ env: 'ACME_KEY' }], budget };
  assert.equal((await ask({ config: { tenants: { acme } } }, 503)).calls, 10);
});

test('the metrics of all workers are added up, and a worker that hangs holds nothing up', async (t) => {
  const service = await startService(t, { env: { WORKERS: '2' } });
  const { api, ops } = await listening(service.started);
  const scrape = async () => {
    const reply = await fetch(`${ops}/metrics`);
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain; version=/);
    return reply.text();
  };
  await askAnew(api, service, 5);
  let metrics = await scrape();
  // A reply is counted just after it has left.
  while (countIn(metrics, ROUTE) < 5) metrics = await scrape();
  assert.equal(countIn(metrics, ROUTE), 5);
  assert.match(metrics, /^nodejs_version_info\{.*\} 1$/m);
  // Those of the ops port are counted too.
  assert.ok(countIn(await scrape(), '/metrics') >= 1);

  const [hanging] = workersOf(service.started);
  signal(hanging, 'SIGSTOP');
  for (let round = 0; round < 2; round += 1) {
    assert.equal(countIn(await scrape(), ROUTE), 5);
    assert.equal((await fetch(`${ops}/readyz`)).status, 200);
  }
  signal(hanging, 'SIGCONT');
});

test('with Redis, workers share quotas, and what any of them misses is told', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService(t, {
    env: { WORKERS: '2', REDIS_URL: redis.url, CACHE_SECRET },
    requests: 99,
  });
  const { api, ops } = await listening(service.started);
  const replies = await askAnew(api, service, 4);
  const left = replies.map(({ headers }) =>
    Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]),
  );
  // What the other worker has just counted may be one more.
  for (const [index, remaining] of left.entries()) {
    assert.ok(remaining === 98 - index || remaining === 99 - index, `${left}`);
  }
  const degraded = async () => {
    const reply = await fetch(`${ops}/readyz`);
    assert.equal(reply.status, 200);
    return ((await reply.json()) as { degraded: unknown }).degraded;
  };
  assert.deepEqual(await degraded(), []);
  assert.match(
    await (await fetch(`${ops}/metrics`)).text(),
    /^customer360_redis_up\{connection="commands"\} 1$/m,
  );
  await redis.stop();
  await untilLogged(service.started, 'Redis cannot be reached; serving without it until it can', 2);
  assert.deepEqual(await degraded(), ['redis']);
  assert.match(
    await (await fetch(`${ops}/metrics`)).text(),
    /^customer360_redis_up\{connection="commands"\} 0$/m,
  );
});

/** A container in which each process holds more than half and less than all; each tells when it has looked twice. */
const SMALL_CONTAINER = `
let looks = 0;
process.constrainedMemory = () => {
  looks += 1;
  if (looks === 3) console.log(JSON.stringify({ pid: process.pid, msg: 'has looked' }));
  return 10_000_000_000;
};
process.availableMemory = () => 500_000_000;
process.memoryUsage.rss = () => 5_000_000_000;
`;

for (const [workers, status] of [
  ['1', 200],
  ['2', 503],
] as const) {
  test(`with ${workers} of WORKERS each has its part of the container's memory`, async (t) => {
    const env = { WORKERS: workers };
    const { started, key } = await startService(t, { env, prelude: SMALL_CONTAINER });
    const { api } = await listening(started);
    await untilLogged(started, 'has looked', Number(workers));
    const reply = await fetch(api + SEARCH, { headers: { 'x-app-key': key } });
    assert.equal(reply.status, status);
    const told = linesOf(started).filter(({ event }) => event === 'load');
    assert.deepEqual(
      told.map(({ shortage }) => shortage),
      status === 200 ? [] : ['memory', 'memory'],
    );
  });
}

test('WORKERS=auto is one process a core', async (t) => {
  const { started } = await startService(t, { env: { WORKERS: 'auto' } });
  const { api } = await listening(started);
  assert.equal((await fetch(`${api}/livez`)).status, 200);
  const cores = availableParallelism();
  assert.equal(workersOf(started).length, cores > 1 ? cores : 0);
});

for (const name of ['PORT', 'OPS_PORT']) {
  test(`a taken ${name} ends all processes, and is told once`, async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    t.after(() => taken.close());
    const { port } = taken.address() as { port: number };
    const { started } = await startService(t, { env: { WORKERS: '2', [name]: String(port) } });
    assert.deepEqual(await started.ended, [69, null]);
    assert.equal(
      started.errors(),
      `Cannot listen: 127.0.0.1:${port} is in use; set PORT or OPS_PORT to another.\n`,
    );
    assert.equal(started.output(), '');
  });
}

test('a faulty configuration is told once, and no worker starts', async (t) => {
  const prelude = `if (process.argv[2] === 'worker') console.error('a worker');`;
  const { started } = await startService(t, { env: { WORKERS: '2', HOST: '/' }, prelude });
  assert.deepEqual(await started.ended, [78, null]);
  assert.match(started.errors(), /^The configuration has 1 fault\.\n\nHOST is not an address/);
  assert.equal(started.errors().split('The configuration').length, 2);
  assert.doesNotMatch(started.errors(), /a worker/);
  assert.equal(started.output(), '');
});
