// Log lines on their way out: together with those of the same turn, and none later than that.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogOutput, createTimestamp } from '../../src/telemetry/log-output.ts';

async function openOutput(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'customer-360-log-'));
  const path = join(folder, 'log');
  const fileDescriptor = openSync(path, 'a');
  t.after(() => {
    closeSync(fileDescriptor);
    return rm(folder, { recursive: true });
  });
  return {
    output: createLogOutput(fileDescriptor),
    written: () => readFileSync(path, 'utf8'),
  };
}

test('lines of one turn are written when it is over, in their order', async (t) => {
  const { output, written } = await openOutput(t);
  for (const round of [1, 2]) {
    output.write(`a${round}\n`);
    output.write(`ü${round}\n`);
    assert.equal(written().includes(`a${round}`), false);
    await turn();
    assert.ok(written().endsWith(`a${round}\nü${round}\n`));
  }
  assert.equal(written(), 'a1\nü1\na2\nü2\n');
});

test('at the end of the process nothing is left behind, nor written twice', async (t) => {
  const { output, written } = await openOutput(t);
  output.write('last\n');
  output.flush();
  assert.equal(written(), 'last\n');
  await turn();
  assert.equal(written(), 'last\n');
});

test('much is not held until the turn is over, nor written in more than a pipe takes whole', async (t) => {
  const { output, written } = await openOutput(t);
  // Of two bytes each.
  const line = `${'ü'.repeat(299)}\n`;
  const bytes = () => Buffer.byteLength(written());
  for (let count = 0; count < 100; count += 1) {
    const before = bytes();
    output.write(line);
    assert.ok(bytes() - before <= 4_096);
    assert.ok(written() === '' || written().endsWith('\n'));
  }
  const before = bytes();
  assert.ok(before > 50_000);
  await turn();
  assert.ok(bytes() - before <= 4_096);
  assert.equal(written(), line.repeat(100));
});

test('a line that is longer than that is written all the same', async (t) => {
  const { output, written } = await openOutput(t);
  const long = `${'x'.repeat(10_000)}\n`;
  for (const line of ['a\n', long, 'b\n']) output.write(line);
  await turn();
  assert.equal(written(), `a\n${long}b\n`);
});

test('the time of a line is ISO-8601 in UTC, and that of its millisecond', () => {
  let at = Date.UTC(2026, 5, 15, 12, 34, 56, 7);
  const timestamp = createTimestamp(() => at);
  assert.equal(timestamp(), ',"time":"2026-06-15T12:34:56.007Z"');
  assert.equal(timestamp(), ',"time":"2026-06-15T12:34:56.007Z"');
  at += 1;
  assert.equal(timestamp(), ',"time":"2026-06-15T12:34:56.008Z"');
});
