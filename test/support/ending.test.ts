// What a command has started ends with it, in the right order, also where one end fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEnding } from './ending.ts';

test('what was started last ends first, once', async () => {
  const ended: string[] = [];
  const t = createEnding();
  for (const name of ['first', 'second']) t.after(() => void ended.push(name));
  await t.end();
  await t.end();
  assert.deepEqual(ended, ['second', 'first']);
});

test('an end that fails is told, when all else has ended', async () => {
  const ended: string[] = [];
  const t = createEnding();
  t.after(() => void ended.push('first'));
  t.after(() => Promise.reject(new Error('second')));
  await assert.rejects(t.end(), /second/);
  assert.deepEqual(ended, ['first']);
});
