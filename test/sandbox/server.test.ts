// The server: where it listens, how late it answers, and how it ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { REGIONS } from '../../src/domain/region.ts';
import { createSandbox } from '../../src/sandbox/server.ts';

test('every region has a base URL on the one port', async (t) => {
  const sandbox = await createSandbox();
  t.after(() => sandbox.close());
  assert.deepEqual(Object.keys(sandbox.baseUrls), [...REGIONS]);
  for (const region of REGIONS) {
    assert.equal(sandbox.baseUrls[region], `http://127.0.0.1:${sandbox.port}/${region}`);
  }
});

test('the latency is there before every reply', async (t) => {
  const sandbox = await createSandbox({ latencyMs: 40 });
  t.after(() => sandbox.close());
  const startedAt = performance.now();
  await fetch(sandbox.baseUrls.us);
  assert.ok(performance.now() - startedAt >= 39);
});

test('close ends connections that wait, hang or are idle, and may be called twice', async () => {
  const sandbox = await createSandbox({ latencyMs: 1 });
  sandbox.faults.set('hang', { region: 'us' });
  sandbox.faults.set({ kind: 'slow', delayMs: 600_000 }, { region: 'uk' });
  const waiting = [fetch(`${sandbox.baseUrls.us}/a`), fetch(`${sandbox.baseUrls.uk}/b`)];
  await (await fetch(`${sandbox.baseUrls.ca}/idle`)).text();
  const silent = connect(sandbox.port, '127.0.0.1');
  silent.on('error', () => {});
  await once(silent, 'connect');
  await sandbox.calls.nth(3);
  const startedAt = performance.now();
  await Promise.all([sandbox.close(), sandbox.close()]);
  assert.ok(performance.now() - startedAt < 1_000);
  for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, 'rejected');
  await assert.rejects(fetch(sandbox.baseUrls.us));
});

test('a port that is taken is an error', async (t) => {
  const sandbox = await createSandbox();
  t.after(() => sandbox.close());
  await assert.rejects(createSandbox({ port: sandbox.port }), { code: 'EADDRINUSE' });
});
