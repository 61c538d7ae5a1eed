// Work in order: results come as the items stand, a few are begun ahead, and none after somebody stopped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inOrder } from '../../src/edge/in-order.ts';

/** Pieces of work that end when they are told to. */
function createWork() {
  const begun: number[] = [];
  const ends = new Map<number, (result: string) => void>();
  return {
    begun,
    work: (item: number) => {
      begun.push(item);
      return new Promise<string>((resolve) => ends.set(item, resolve));
    },
    end: (item: number) => ends.get(item)?.(`result ${item}`),
  };
}

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const held: Value[] = [];
  for await (const value of values) held.push(value);
  return held;
}

test('results are in the order of the items, whichever is there first', async () => {
  const { work, end } = createWork();
  const results = all(inOrder([1, 2, 3], work, 3));
  for (const item of [3, 2, 1]) {
    await turn();
    end(item);
  }
  assert.deepEqual(await results, ['result 1', 'result 2', 'result 3']);
  assert.deepEqual(await all(inOrder([], work, 3)), []);
});

test('so many are begun ahead as are allowed, and the next when a result was taken', async () => {
  const { begun, work, end } = createWork();
  const results = inOrder([1, 2, 3, 4, 5], work, 2);
  assert.deepEqual(begun, []);
  const first = results.next();
  // That the second is there makes no room: nobody has taken it.
  end(2);
  await turn();
  assert.deepEqual(begun, [1, 2]);
  end(1);
  assert.equal((await first).value, 'result 1');
  await turn();
  assert.deepEqual(begun, [1, 2]);
  assert.equal((await results.next()).value, 'result 2');
  assert.deepEqual(begun, [1, 2, 3]);
});

test('who stops has no other begun', async () => {
  const { begun, work, end } = createWork();
  const results = inOrder([1, 2, 3, 4], work, 2);
  const first = results.next();
  const stopped = results.return();
  end(1);
  await first;
  assert.deepEqual(await stopped, { value: undefined, done: true });
  assert.deepEqual(begun, [1, 2]);
});
