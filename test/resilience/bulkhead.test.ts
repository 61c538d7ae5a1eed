// The places for calls: so many under way, so many waiting, and the rest refused; fairly, where several apps ask.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBulkhead } from '../../src/resilience/bulkhead.ts';

const CALL_MS = 1_000;
const OVERLOADED = { slug: 'overloaded' };

function create(size = { calls: 2, waiting: 1 }) {
  let refusals = 0;
  const changes: string[] = [];
  let look: (() => void) | undefined;
  const bulkhead = createBulkhead({
    ...size,
    callMs: CALL_MS,
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
    bulkhead.run(
      () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<void>();
        ends.set(name, resolve);
        return promise.then(() => name);
      },
      { app: 'desk', ...wanted },
    );
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

test('who has waited until the deadline makes room in the line at once', async () => {
  const { bulkhead, call, end, begun } = create();
  const { signal, abort } = controllerOf();
  const calls = [call('a'), call('b')];
  const leaving = call('c', { signal });
  abort();
  await assert.rejects(leaving, OVERLOADED);
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 0 });
  await assert.rejects(call('late', { signal }), OVERLOADED);
  calls.push(call('d'));
  for (const name of ['a', 'b']) end(name);
  while (!begun.includes('d')) await new Promise(setImmediate);
  end('d');
  assert.deepEqual(await Promise.all(calls), ['a', 'b', 'd']);
});

test('who waits gives up while there is time for a whole call, and takes a free place with less', async () => {
  const { bulkhead, call, end } = create();
  const calls = [call('a'), call('b', { endsAt: performance.now() + CALL_MS / 2 })];
  const late = call('late', { endsAt: performance.now() + CALL_MS });
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 0 });
  await assert.rejects(late, OVERLOADED);
  const { signal } = controllerOf();
  const waiting = call('c', { signal, endsAt: performance.now() + CALL_MS + 50 });
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 1 });
  await assert.rejects(waiting, OVERLOADED);
  assert.equal(signal.aborted, false);
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 0 });
  for (const name of ['a', 'b']) end(name);
  await Promise.all(calls);
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
      bulkhead.run(() => Promise.reject(failure), { app: 'desk' }),
      failure,
    );
  }
});

/** Places with one app's calls in all of them and in the line, and a way to see which are begun as others end. */
function createCrowd(size: { readonly calls: number; readonly waiting: number }) {
  const { bulkhead, call, begun, end, refusals } = create(size);
  const all: Promise<unknown>[] = [];
  const ask = async (app: string, count: number) => {
    for (let number = 1; number <= count; number += 1) {
      const asked = call(`${app}-${number}`, { app });
      asked.catch(() => {});
      all.push(asked);
    }
    await new Promise(setImmediate);
  };
  /** Ends one call; what is begun for it. */
  const ending = async (name: string) => {
    const count = begun.length;
    end(name);
    await new Promise(setImmediate);
    return begun.slice(count);
  };
  const settled = async () => {
    for (let at = 0; at < begun.length; at += 1) await ending(begun[at] ?? '');
    return Promise.allSettled(all);
  };
  return { bulkhead, begun, refusals, ask, ending, settled };
}

test('the first place that becomes free goes to the app with none, however many others wait', async () => {
  const { ask, ending, settled } = createCrowd({ calls: 2, waiting: 10 });
  await ask('greedy', 8);
  await ask('modest', 2);
  assert.deepEqual(await ending('greedy-1'), ['modest-1']);
  await settled();
});

test('apps take turns, each in the order of its asking', async () => {
  const { ask, ending, settled } = createCrowd({ calls: 1, waiting: 10 });
  await ask('a', 4);
  await ask('b', 3);
  await ask('c', 2);
  const begun = [];
  for (let last = 'a-1'; last !== ''; ) {
    const [next = ''] = await ending(last);
    begun.push(next);
    last = next;
  }
  assert.deepEqual(begun, ['b-1', 'c-1', 'a-2', 'b-2', 'c-2', 'a-3', 'b-3', 'a-4', '']);
  await settled();
});

test('an app whose calls take long holds no more places than its part while others wait', async () => {
  const { ask, ending, begun, settled } = createCrowd({ calls: 4, waiting: 40 });
  await ask('slow', 12);
  await ask('quick', 12);
  // Two of the slow ones end, and the others never do.
  await ending('slow-1');
  await ending('slow-2');
  for (let number = 1; number <= 10; number += 1) {
    assert.deepEqual(await ending(`quick-${number}`), [`quick-${number + 2}`]);
  }
  assert.deepEqual(
    begun.filter((name) => name.startsWith('slow')),
    ['slow-1', 'slow-2', 'slow-3', 'slow-4'],
  );
  await settled();
});

test('in a full line the newest of the app with most waiting makes room for others', async () => {
  const { bulkhead, ask, refusals, settled, begun } = createCrowd({ calls: 1, waiting: 4 });
  await ask('greedy', 6);
  assert.equal(refusals(), 1);
  await ask('modest', 3);
  assert.deepEqual(bulkhead.taken(), { underWay: 1, waiting: 4 });
  // Two gave way to the modest one's; its third finds as many of its own as of the other's.
  assert.equal(refusals(), 4);
  const refused = (await settled()).flatMap(({ status }, at) =>
    status === 'rejected' ? [at] : [],
  );
  const [greedy4, greedy5, greedy6, modest3] = [3, 4, 5, 8];
  assert.deepEqual(refused, [greedy4, greedy5, greedy6, modest3]);
  assert.deepEqual(begun, ['greedy-1', 'modest-1', 'greedy-2', 'modest-2', 'greedy-3']);
});

test('nobody makes room for one that would have no less than it then', async () => {
  const { ask, begun, settled } = createCrowd({ calls: 1, waiting: 3 });
  await ask('a', 4);
  await ask('b', 2);
  await settled();
  assert.deepEqual(begun, ['a-1', 'b-1', 'a-2', 'a-3']);
});

test('an app that waits alone may have the whole line, and loses what is more than its part', async () => {
  const { ask, begun, settled, bulkhead } = createCrowd({ calls: 2, waiting: 9 });
  await ask('a', 11);
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 9 });
  await ask('b', 20);
  await ask('c', 20);
  assert.deepEqual(bulkhead.taken(), { underWay: 2, waiting: 9 });
  await settled();
  const of = (app: string) => begun.filter((name) => name.startsWith(app)).length;
  // Of the first one's, two were under way from the beginning.
  assert.deepEqual([of('a'), of('b'), of('c')], [2 + 3, 3, 3]);
});

function controllerOf() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
