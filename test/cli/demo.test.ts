// The command `demo`: the lines that it prints work as pasted, and it ends on Ctrl-C.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startProcess } from '../support/process.ts';

const FREE_PORTS = { PORT: '0', OPS_PORT: '0', SANDBOX_PORT: '0' };
const IS_CURL_THERE = spawnSync('curl', ['--version']).error === undefined;

/** The words of a line for `sh`, which uses single quotes alone. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Does what curl would do with a line, for machines without curl. */
async function fetchAsCurl(line: string): Promise<{ status: number; body: string }> {
  const [, ...args] = words(line);
  const after = (flag: string) => args.flatMap((arg, at) => (args[at - 1] === flag ? [arg] : []));
  const headers = after('-H').map((header): [string, string] => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1).trim()];
  });
  const [body] = after('-d');
  const [url = ''] = args.filter((arg) => arg.startsWith('http'));
  const reply = await fetch(url, { headers, ...(body && { method: 'POST', body }) });
  return { status: reply.status, body: await reply.text() };
}

function runAsPasted(line: string): { status: number; body: string } {
  const { stdout } = spawnSync('sh', ['-c', `${line} -w '\\n%{http_code}'`], { encoding: 'utf8' });
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

test('it prints three lines that work as pasted, and ends with 0 on SIGINT', async (t) => {
  const demo = await startProcess(t, { args: ['demo'], env: FREE_PORTS });
  await demo.until(/Ctrl-C/);
  assert.equal(demo.errors(), '');
  const lines = [...demo.output().matchAll(/^ +(curl .*)$/gm)].map(([, line = '']) => line);
  assert.equal(lines.length, 3);
  for (const line of lines) {
    const { status, body } = IS_CURL_THERE ? runAsPasted(line) : await fetchAsCurl(line);
    assert.equal(status, 200, line);
    assert.match(body, /"interactions":\[\{"id":"int-/, line);
  }
  for (const page of demo.output().match(/http:\S+\/(docs|metrics)/g) ?? []) {
    assert.equal((await fetch(page)).status, 200, page);
  }
  demo.child.kill('SIGINT');
  assert.deepEqual(await demo.ended, [0, null]);
});

test('the stand-in for curl reads the lines as sh does', () => {
  assert.deepEqual(words(`curl -s 'http://x/?a=b&c' -H 'A: b c' -d '{"a":"(1) 2"}'`), [
    'curl',
    '-s',
    'http://x/?a=b&c',
    '-H',
    'A: b c',
    '-d',
    '{"a":"(1) 2"}',
  ]);
});

test('a port that is taken is told in plain words, with the variable to set', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  for (const name of ['PORT', 'OPS_PORT', 'SANDBOX_PORT']) {
    const env = { ...FREE_PORTS, [name]: String(port) };
    const demo = await startProcess(t, { args: ['demo'], env });
    assert.deepEqual(await demo.ended, [69, null]);
    assert.match(demo.errors(), new RegExp(`${port}\\b.*\\b${name}\\b`));
    assert.doesNotMatch(demo.errors(), /\n\s+at /);
    assert.equal(demo.output(), '');
  }
});

test('a setting that is none is told as a fault, without a stack', async (t) => {
  for (const [name, value] of [
    ['PORT', 'http'],
    ['LOG_LEVEL', 'loud'],
    ['SANDBOX_PORT', '9360x'],
    ['SANDBOX_PORT', '70000'],
  ] as const) {
    const demo = await startProcess(t, { args: ['demo'], env: { ...FREE_PORTS, [name]: value } });
    assert.deepEqual(await demo.ended, [78, null], `${name} ${demo.errors()}`);
    assert.match(demo.errors(), new RegExp(`^${name} `, 'm'));
    assert.doesNotMatch(demo.errors(), /\n\s+at |NaN/);
  }
});

test('what else is in the environment or the folder does not matter', async (t) => {
  const demo = await startProcess(t, {
    args: ['demo'],
    env: { ...FREE_PORTS, CONFIG_FILE: 'nowhere.yaml', REDIS_URL: 'redis://127.0.0.1:1' },
    files: { 'config.yaml': 'apps: 5' },
  });
  await demo.until(/Ctrl-C/);
  demo.child.kill('SIGTERM');
  assert.deepEqual(await demo.ended, [0, null]);
});
