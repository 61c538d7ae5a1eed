// The time of one try: a signal that ends by itself or with the outer one, and leaves nothing behind.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { withTimeout } from '../../src/resilience/timeout.ts';

const LONG_MS = 3_600_000;

/** Rejects with the signal's reason when that ends. */
const hang = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

test('what takes too long ends with a TimeoutError', async () => {
  const ended = withTimeout({ timeoutMs: 1, outer: undefined }, hang);
  await assert.rejects(ended, { name: 'TimeoutError' });
});

test('it ends with the outer signal, and with its reason', async () => {
  const outer = new AbortController();
  const ended = withTimeout({ timeoutMs: LONG_MS, outer: outer.signal }, hang);
  outer.abort(new Error('the whole has ended'));
  await assert.rejects(ended, { message: 'the whole has ended' });
  const late = withTimeout({ timeoutMs: LONG_MS, outer: outer.signal }, () => assert.fail());
  await assert.rejects(late, { message: 'the whole has ended' });
});

test('what is in time passes, and leaves neither timer nor listener', async () => {
  const { signal } = new AbortController();
  const work = withTimeout({ timeoutMs: LONG_MS, outer: signal }, async (inner) => {
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    return inner.aborted;
  });
  assert.equal(await work, false);
  const failing = withTimeout({ timeoutMs: LONG_MS, outer: signal }, async () => {
    throw new RangeError('its own');
  });
  await assert.rejects(failing, RangeError);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});
