// The entry as a process: which command runs, and what the shell is told.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { startProcess } from '../support/process.ts';

test('an unknown command exits with 64 and shows how it is used', async (t) => {
  for (const args of [['unknown'], ['demo', 'x'], ['serve'], ['worker']]) {
    const started = await startProcess(t, { args });
    assert.deepEqual(await started.ended, [64, null]);
    assert.equal(started.output(), '');
    assert.match(started.errors(), /^Usage:\n/);
    for (const command of ['demo', 'keys new <app>', 'config check [FILE]']) {
      assert.ok(started.errors().includes(command), command);
    }
  }
});

test('asked for, it shows how it is used', async (t) => {
  const started = await startProcess(t, { args: ['--help'] });
  assert.deepEqual(await started.ended, [0, null]);
  assert.match(started.output(), /^Usage:\n/);
});

test('keys new prints a key and its hash', async (t) => {
  const started = await startProcess(t, { args: ['keys', 'new', 'agent-desktop'] });
  assert.deepEqual(await started.ended, [0, null]);
  const key = /^c360_agent-desktop_[A-Za-z0-9_-]{43}$/m.exec(started.output())?.[0] ?? '';
  const hash = /sha256:([0-9a-f]{64})/.exec(started.output())?.[1];
  assert.equal(hash, createHash('sha256').update(key).digest('hex'));
  assert.equal(started.errors(), '');

  const misused = await startProcess(t, { args: ['keys'] });
  assert.deepEqual(await misused.ended, [64, null]);
});

const CONFIG = JSON.stringify({
  tenants: { acme: { tenantId: 'a', region: 'us', apiKeys: [{ env: 'ACME_KEY' }] } },
  apps: {
    desk: {
      keys: [`sha256:${'0'.repeat(64)}`],
      tenants: '*',
      quota: { requests: 1, per: '1m' },
    },
  },
});

test('config check tells what a configuration means', async (t) => {
  const env = { ACME_KEY: 'eght_secret' };
  for (const [args, files] of [
    [[], { 'config.yaml': CONFIG }],
    [['mine.yaml'], { 'mine.yaml': CONFIG }],
  ] as const) {
    const started = await startProcess(t, { args: ['config', 'check', ...args], env, files });
    assert.deepEqual(await started.ended, [0, null]);
    assert.match(started.output(), /^The configuration is correct\.\n/);
    assert.doesNotMatch(started.output(), /eght_/);
    assert.equal(started.errors(), '');
  }
});

test('config check tells what is wrong with one, and exits with 78', async (t) => {
  const started = await startProcess(t, {
    args: ['config', 'check'],
    files: { 'config.yaml': CONFIG },
  });
  assert.deepEqual(await started.ended, [78, null]);
  assert.match(started.errors(), /names ACME_KEY, which is not set/);
  assert.doesNotMatch(started.errors(), /\n\s+at /);
});

test('a .env that cannot be read is told by every command, without a stack', async (t) => {
  for (const args of [[], ['demo'], ['keys', 'new', 'x'], ['config', 'check']]) {
    const started = await startProcess(t, { args, folders: ['.env'] });
    assert.deepEqual(await started.ended, [78, null]);
    assert.match(started.errors(), /^\.env cannot be read/m);
    assert.doesNotMatch(started.errors(), /\n\s+at /);
  }
});
