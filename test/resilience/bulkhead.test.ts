// The places for calls: so many under way, so many waiting, and the rest refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBulkhead } from '../../src/resilience/bulkhead.ts';

const OVERLOADED = { slug: 'overloaded' };

function create() {
  let refusals = 0;
  const bulkhead = createBulkhead({ calls: 2, waiting: 1, onRefusal: () => (refusals += 1) });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const call = (name: string, wanted = {}) =>
    bulkhead.run(() => {
      begun.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.set(name, resolve);
      return promise.then(() => name);
    }, wanted);
  return {
    bulkhead,
    call,
    begun,
    end: (name: string) => ends.get(name)?.(),
    refusals: () => refusals,
  };
}

test('who finds no place waits, and who finds none to wait in is refused', async () => {
  const { call, begun, end, refusals } = create();
  const calls = [call('a'), call('b'), call('c')];
  await assert.rejects(call('d'), OVERLOADED);
  assert.deepEqual(begun, ['a', 'b']);
  assert.equal(refusals(), 1);
  end('a');
  await calls[0];
  // The one who waited begins a moment later.
  while (!begun.includes('c')) await new Promise(setImmediate);
  end('b');
  end('c');
  assert.deepEqual(await Promise.all(calls), ['a', 'b', 'c']);
});

test('work for which nobody waits takes a place that is free, and waits for none', async () => {
  const { call, end } = create();
  const first = call('a', { isBackground: true });
  const second = call('b');
  await assert.rejects(call('c', { isBackground: true }), OVERLOADED);
  end('a');
  end('b');
  await Promise.all([first, second]);
});

test('who has waited until the deadline is not begun', async () => {
  const { call, begun, end } = create();
  const { signal, abort } = controllerOf();
  const calls = [call('a'), call('b')];
  const waiting = call('c', { signal });
  abort();
  end('a');
  await assert.rejects(waiting, OVERLOADED);
  end('b');
  await Promise.all(calls);
  assert.deepEqual(begun, ['a', 'b']);
});

test('a failure is thrown as it is, and makes room', async () => {
  const { bulkhead } = create();
  const failure = new Error('failed');
  for (let time = 0; time < 5; time += 1) {
    await assert.rejects(
      bulkhead.run(() => Promise.reject(failure), {}),
      failure,
    );
  }
});

function controllerOf() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
