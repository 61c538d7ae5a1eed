// The entry that serves the sandbox alone, as a process of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/sandbox/main.ts', import.meta.url));

function start(environment: Record<string, string>) {
  return spawn(process.execPath, [main], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('it prints where it answers, and ends with 0 on SIGTERM', async (t) => {
  const child = start({ SANDBOX_PORT: '0' });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const url = /us (\S+\/us),/.exec(String(line))?.[1];
  assert.ok(url);
  assert.equal((await fetch(url)).status, 404);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a setting that is no number is refused in plain words', async (t) => {
  const child = start({ SANDBOX_PORT: '9360x' });
  t.after(() => child.kill('SIGKILL'));
  const [[line], [code]] = await Promise.all([once(child.stderr, 'data'), once(child, 'exit')]);
  assert.equal(String(line), 'SANDBOX_PORT must be a whole number from 0 to 65535.\n');
  assert.equal(code, 78);
});
