// The command `keys new`: the form of a key, its hash, and what is printed.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { CommandIo } from '../../src/cli/command-io.ts';
import { newAppKey, runKeys } from '../../src/cli/keys.ts';

function run(...args: string[]): { code: number; out: string; err: string } {
  const [out, err]: [string[], string[]] = [[], []];
  const readFile = (): string => assert.fail('no file is read');
  const io: CommandIo = {
    env: {},
    readFile,
    write: (text) => void out.push(text),
    fail: (text) => void err.push(text),
  };
  const code = runKeys(io, args, (bytes) => Buffer.alloc(bytes, 0xfb));
  return { code, out: out.join(''), err: err.join('') };
}

test('a key is 32 random bytes behind the name of its app', () => {
  const { key, hash } = newAppKey('agent-desktop', (bytes) => Buffer.alloc(bytes, 0xfb));
  assert.equal(key, `c360_agent-desktop_${Buffer.alloc(32, 0xfb).toString('base64url')}`);
  assert.equal(key.length, 'c360_agent-desktop_'.length + 43);
  assert.equal(hash, `sha256:${createHash('sha256').update(key).digest('hex')}`);
});

test('two keys differ', () => {
  assert.notEqual(newAppKey('desk').key, newAppKey('desk').key);
});

test('the key is printed once, and the line for config.yaml is YAML', () => {
  const { key, hash } = newAppKey('desk', (bytes) => Buffer.alloc(bytes, 0xfb));
  const { code, out, err } = run('new', 'desk');
  assert.deepEqual([code, err], [0, '']);
  assert.equal(out.split(key).length, 2);
  const line = out.slice(out.indexOf('    keys:'));
  assert.deepEqual(parse(line), { keys: [hash] });
});

test('a name that config.yaml would refuse is refused', () => {
  for (const name of ['Desk', 'a_b', '', '-a', 'a'.repeat(64)]) {
    const { code, out, err } = run('new', name);
    assert.deepEqual([code, out], [64, ''], name);
    assert.match(err, /^That is not a name\. Use 1 to 63 small letters/);
  }
});

test('any other use prints how it is used', () => {
  for (const args of [[], ['new'], ['old', 'desk'], ['new', 'desk', 'more']]) {
    const { code, out, err } = run(...args);
    assert.deepEqual([code, out], [64, '']);
    assert.equal(err, 'Usage: npm run c360 -- keys new <app>\n');
  }
});
