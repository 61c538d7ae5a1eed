// The places for calls: so many under way, so many waiting, and the rest refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBulkhead } from '../../src/resilience/bulkhead.ts';

const OVERLOADED = { slug: 'overloaded' };

function create() {
  let refusals = 0;
  const changes: string[] = [];
  let look: (() => void) | undefined;
  const bulkhead = createBulkhead({
    calls: 2,
    waiting: 1,
    onRefusal: () => (refusals += 1),
    onChange: (state) => changes.push(state),
    every: (run) => {
      look = run;
      return () => {
        look = undefined;
      };
    },
  });
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
    changes,
    look: () => look?.(),
    isWatched: () => look !== undefined,
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

test('it tells how many calls are under way, and how many wait', async () => {
  const { bulkhead, call, begun, end } = create();
  assert.deepEqual(bulkhead.taken(), { underWay: 0, waiting: 0 });
  const calls = [call('a'), call('b'), call('c')];
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 1 });
  end('a');
  await calls[0];
  while (!begun.includes('c')) await new Promise(setImmediate);
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 0 });
  end('b');
  end('c');
  await Promise.all(calls);
  assert.deepEqual(bulkhead.taken(), { underWay: 0, waiting: 0 });
});

test('full is told once, and free when there was room for a whole look', async () => {
  const { call, begun, end, changes, look, isWatched } = create();
  const calls = [call('a'), call('b')];
  // Who waits for nothing is refused by calls that are under way alone: nothing is full yet.
  await assert.rejects(call('refresh', { isBackground: true }), OVERLOADED);
  calls.push(call('c'));
  assert.deepEqual([changes, isWatched()], [[], false]);
  await assert.rejects(call('d'), OVERLOADED);
  await assert.rejects(call('e'), OVERLOADED);
  assert.deepEqual(changes, ['full']);
  look();
  look();
  assert.deepEqual(changes, ['full'], 'all places to wait are taken');
  end('a');
  await calls[0];
  while (!begun.includes('c')) await new Promise(setImmediate);
  calls.push(call('f'));
  await assert.rejects(call('g'), OVERLOADED);
  end('b');
  await calls[1];
  while (!begun.includes('f')) await new Promise(setImmediate);
  look();
  assert.deepEqual(changes, ['full'], 'one was refused a moment ago');
  look();
  assert.deepEqual([changes, isWatched()], [['full', 'free'], false]);
  calls.push(call('h'));
  await assert.rejects(call('i'), OVERLOADED);
  assert.deepEqual(changes, ['full', 'free', 'full']);
  for (const name of ['c', 'f']) end(name);
  while (!begun.includes('h')) await new Promise(setImmediate);
  end('h');
  await Promise.all(calls);
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
