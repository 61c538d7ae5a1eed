// The service as a process: it starts or says why not, drains on a signal, and ends when something is wrong.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { newAppKey } from '../../src/cli/keys.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { startProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import { CACHE_SECRET, listening, SEARCH, startService } from '../support/service-process.ts';
import { untilTrue } from '../support/until.ts';

test('it serves, and ends with 0 on SIGTERM when nothing is under way', async (t) => {
  const { started, key } = await startService(t);
  const { api, ops } = await listening(started);
  const reply = await fetch(api + SEARCH, { headers: { 'x-app-key': key } });
  assert.equal(reply.status, 200);
  assert.equal((await fetch(`${ops}/readyz`)).status, 200);
  assert.equal((await fetch(`${ops}${SEARCH}`)).status, 404);
  assert.equal((await fetch(`${api}/metrics`)).status, 404);

  started.child.kill('SIGTERM');
  assert.deepEqual(await started.ended, [0, null]);
  assert.equal(started.errors(), '');
  const lines = started.output().trim().split('\n');
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.match(messages[0] ?? '', /^REDIS_URL is not set/);
  assert.deepEqual(messages.slice(1, 2), ['listening']);
  assert.deepEqual(messages.slice(-2), ['draining', 'ended']);
  await assert.rejects(fetch(`${api}/livez`));
});

test('SIGTERM is told at once, the delay served, what is slow finished, Redis left', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const { sandbox, started, key } = await startService(t, {
    env: { SHUTDOWN_DELAY: '2s', REDIS_URL: redis.url, CACHE_SECRET },
    config: { upstream: { deadline: '1m', attemptTimeout: '1m' } },
  });
  const { api, ops } = await listening(started);
  const watcher = new Redis(redis.url);
  t.after(() => watcher.disconnect());
  const connections = async () =>
    String(await watcher.client('LIST'))
      .trim()
      .split('\n').length;
  // The watcher's, and one for commands and one for messages.
  while ((await connections()) < 3) await watcher.ping();

  sandbox.faults.set({ kind: 'slow', delayMs: 2_500 }, { times: 1 });
  const call = sandbox.calls.next();
  const slow = fetch(api + SEARCH, { headers: { 'x-app-key': key } });
  await call;
  const signalledAt = performance.now();
  started.child.kill('SIGTERM');
  await started.until(/"msg":"draining"/);

  for (const origin of [api, ops]) {
    const ready = await fetch(`${origin}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(((await ready.json()) as { type: string }).type, '/problems/overloaded');
    assert.equal(ready.headers.get('retry-after'), '1');
    assert.equal((await fetch(`${origin}/livez`)).status, 200);
  }
  const during = await fetch(`${api}${SEARCH}&last=P1D`, { headers: { 'x-app-key': key } });
  assert.equal(during.status, 200);
  assert.equal(during.headers.get('connection'), 'close');

  const reply = await slow;
  assert.equal(reply.status, 200);
  assert.equal(((await reply.json()) as { interactions: unknown[] }).interactions.length, 12);
  assert.deepEqual(await started.ended, [0, null]);
  assert.ok(performance.now() - signalledAt >= 1_900);
  while ((await connections()) > 1) await watcher.ping();
});

test('what is not finished within the grace is cut, and the end is still a good one', async (t) => {
  const { sandbox, started, key } = await startService(t, {
    env: { SHUTDOWN_GRACE: '100ms' },
    config: { upstream: { deadline: '1m', attemptTimeout: '1m' } },
  });
  const { api } = await listening(started);
  sandbox.faults.set('hang');
  const call = sandbox.calls.next();
  const cut = assert.rejects(fetch(api + SEARCH, { headers: { 'x-app-key': key } }));
  await call;
  started.child.kill('SIGINT');
  await cut;
  assert.deepEqual(await started.ended, [0, null]);
});

test('a second signal ends it at once', async (t) => {
  const { started } = await startService(t, { env: { SHUTDOWN_DELAY: '1m' } });
  await listening(started);
  started.child.kill('SIGTERM');
  await started.until(/"msg":"draining"/);
  started.child.kill('SIGTERM');
  assert.deepEqual(await started.ended, [1, null]);
});

const BREAK = "new Error('marked-value\\n    at marked-value (marked-value:1:1)')";

for (const [name, breaking] of Object.entries({
  'an exception that nobody catches': `throw ${BREAK}`,
  'a rejection that nobody handles': `Promise.reject(${BREAK})`,
})) {
  test(`${name} is told without its message, and ends the process with 1`, async (t) => {
    const prelude = `process.once('SIGWINCH', () => { ${breaking}; });`;
    const { started } = await startService(t, { prelude });
    await listening(started);
    started.child.kill('SIGWINCH');
    assert.deepEqual(await started.ended, [1, null]);
    assert.match(
      started.output(),
      /"level":"error".*"event":"internal-error","requestId":null,"name":"Error","stack":\["at /,
    );
    assert.doesNotMatch(started.output() + started.errors(), /marked-value/);
  });
}

test('an exception while draining is told too', async (t) => {
  const prelude = `process.once('SIGWINCH', () => { throw ${BREAK}; });`;
  const { started } = await startService(t, { prelude, env: { SHUTDOWN_DELAY: '1m' } });
  await listening(started);
  started.child.kill('SIGTERM');
  await started.until(/"msg":"draining"/);
  started.child.kill('SIGWINCH');
  assert.deepEqual(await started.ended, [1, null]);
  assert.match(started.output(), /"event":"internal-error"/);
  assert.doesNotMatch(started.output() + started.errors(), /marked-value/);
});

test('every fault of a configuration is told at once, without a stack, and the exit code is 78', async (t) => {
  const started = await startProcess(t, {
    env: { PORT: 'http', CACHE_SECRET: 'short', REDIS_URL: 'redis://:sesame@x:port' },
    files: { 'config.yaml': 'tenants:\n  acme:\n    region: mars\napps: {}\n' },
  });
  assert.deepEqual(await started.ended, [78, null]);
  assert.equal(started.output(), '');
  for (const place of [
    /^The configuration has \d+ faults\.$/m,
    /^PORT is not a port/m,
    /^CACHE_SECRET is not 32 bytes/m,
    /^REDIS_URL is not an address of Redis/m,
    /^config\.yaml:3 tenants\.acme\.region /m,
    /tenants\.acme\.?.*tenantId/,
  ]) {
    assert.match(started.errors(), place);
  }
  assert.doesNotMatch(started.errors(), /\n\s+at |sesame|mars|short/);
});

test('a configuration that is not there is a fault like any other', async (t) => {
  const started = await startProcess(t, {});
  assert.deepEqual(await started.ended, [78, null]);
  assert.match(started.errors(), /config\.yaml cannot be read \(ENOENT\)/);
  assert.doesNotMatch(started.errors(), /\n\s+at /);
});

for (const name of ['PORT', 'OPS_PORT']) {
  test(`a taken ${name} is told in plain words`, async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    t.after(() => taken.close());
    const { port } = taken.address() as { port: number };
    const redis = await startRedis();
    t.after(redis.stop);
    const { started } = await startService(t, {
      env: { [name]: String(port), REDIS_URL: redis.url, CACHE_SECRET },
    });
    assert.deepEqual(await started.ended, [69, null]);
    assert.equal(
      started.errors(),
      `Cannot listen: 127.0.0.1:${port} is in use; set PORT or OPS_PORT to another.\n`,
    );
  });
}

test('a host that there is not is told in plain words', async (t) => {
  const { started } = await startService(t, { env: { HOST: '192.0.2.1' } });
  assert.deepEqual(await started.ended, [69, null]);
  assert.match(
    started.errors(),
    /^Cannot listen: EADDRNOTAVAIL; check HOST, PORT, OPS_HOST and OPS_PORT\.\n$/,
  );
});

test('settings may lie in .env, and those of the environment win', async (t) => {
  const env = { PORT: '0', OPS_PORT: '0', LOG_LEVEL: 'warn' };
  const sandbox = await createSandbox();
  t.after(sandbox.close);
  const { hash } = newAppKey('desk');
  const started = await startProcess(t, {
    env,
    files: {
      '.env': 'LOG_LEVEL=trace\nACME_KEY=eght_x\nCONFIG_FILE=other.yaml\n',
      'other.yaml': JSON.stringify({
        tenants: { acme: { tenantId: 'a', region: 'us', apiKeys: [{ env: 'ACME_KEY' }] } },
        apps: { desk: { keys: [hash], tenants: '*', quota: { requests: 1, per: '1m' } } },
      }),
    },
  });
  await started.until(/REDIS_URL is not set/);
  started.child.kill('SIGTERM');
  assert.deepEqual(await started.ended, [0, null]);
  assert.doesNotMatch(started.output(), /listening/);
});

test('a system clock that is set back keeps no quota used up', async (t) => {
  const { started, key } = await startService(t, {
    requests: 1,
    prelude: `
      const { now } = Date;
      let setBackMs = 0;
      Date.now = () => now() - setBackMs;
      process.once('SIGWINCH', () => { setBackMs = 3_600_000; });`,
    perWindow: '1s',
  });
  const { api } = await listening(started);
  const ask = async () => (await fetch(api + SEARCH, { headers: { 'x-app-key': key } })).status;
  assert.equal(await ask(), 200);
  started.child.kill('SIGWINCH');
  await untilTrue(20_000, async () => (await ask()) === 200);
});
