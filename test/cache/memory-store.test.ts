// The memory tier: the contract of a store, its bound in bytes, and what lies together about one identity.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore, type MemoryStore } from '../../src/cache/memory-store.ts';
import { type CacheKey, type CacheKind, createCacheKeys } from '../../src/domain/cache-key.ts';
import { createClock } from '../support/clock.ts';
import { NOW, readQuery } from '../support/queries.ts';
import { entryOf, keep, someEntry, someKey, storeContract } from '../support/store-contract.ts';

const MAX_BYTES = 2_000_000;
const BODY_BYTES = 18_000;
const keys = createCacheKeys(Buffer.alloc(32, 7));
const { query } = readQuery('email=ann@example.com');

storeContract('memory', (settings) => createMemoryStore({ maxBytes: MAX_BYTES, ...settings }));

const bounded = (maxBytes = MAX_BYTES, now = () => NOW) =>
  createMemoryStore({ maxBytes, maxEntryBytes: maxBytes, now });

async function fill(
  store: MemoryStore,
  count: number,
  newKey: (index: number) => CacheKey = someKey,
): Promise<readonly CacheKey[]> {
  const filled = Array.from({ length: count }, (_, index) => newKey(index));
  for (const key of filled) {
    assert.equal(await keep(store, key, someEntry(Buffer.alloc(BODY_BYTES))), true);
  }
  return filled;
}

const isHeld = (store: MemoryStore, key: CacheKey) => store.read(key).entry !== undefined;
const heldOf = (store: MemoryStore, keysOf: readonly CacheKey[]) =>
  keysOf.filter((key) => isHeld(store, key));

/** A field of ann's of some kind. */
const fieldOf = (kind: CacheKind, index: number): CacheKey => {
  if (kind === 'summary') return keys.summary({ ...query, owner: query.identity }, `int-${index}`);
  if (kind === 'chunk') return keys.chunk(query, index);
  return keys[kind](readQuery(`email=ann@example.com&last=PT${index + 1}H`).query);
};

async function represent(store: MemoryStore, key: CacheKey, count: number): Promise<void> {
  const entry = await entryOf(store, key);
  for (let index = 0; index < count; index += 1) {
    const made = { body: Buffer.alloc(BODY_BYTES), etag: `"${index}"`, coding: null };
    await entry?.representations.getOrMake(`view ${index}`, async () => made);
  }
}

test('the entries held never weigh more than the bound, and use most of it', async () => {
  const store = bounded();
  const filled = await fill(store, 500);
  const bytes = heldOf(store, filled).length * BODY_BYTES;
  assert.ok(bytes <= MAX_BYTES && bytes > MAX_BYTES * 0.7, `${bytes} bytes are held`);
});

test('so it is too when many fields belong to one identity', async () => {
  const store = bounded();
  const identities = Array.from({ length: 20 }, () => someKey().identity);
  const filled = await fill(store, 1_000, (index) => ({
    ...fieldOf('summary', index),
    identity: identities[index % 20] ?? '',
  }));
  const bytes = heldOf(store, filled).length * BODY_BYTES;
  assert.ok(bytes <= MAX_BYTES && bytes > MAX_BYTES * 0.5, `${bytes} bytes are held`);
});

test('the least recently used identity goes first, with all that is held of it', async () => {
  const store = bounded();
  const [used] = await fill(store, 1);
  const [range, summary] = [fieldOf('range', 0), fieldOf('summary', 0)];
  for (const key of [range, summary]) await keep(store, key, someEntry(Buffer.alloc(BODY_BYTES)));
  assert.ok(used);
  const others: CacheKey[] = [];
  while (isHeld(store, used) && others.length < 120) {
    others.push(...(await fill(store, 1)));
    if (store.recall(used) === undefined) break;
  }
  assert.equal(others.length, 120, 'what is used stays');
  assert.deepEqual(heldOf(store, [range, summary]), []);
});

test('one of its fields used keeps the whole identity', async () => {
  const store = bounded();
  const [range, summary] = [fieldOf('range', 0), fieldOf('summary', 0)];
  await keep(store, range);
  await keep(store, summary);
  for (let count = 0; count < 120; count += 1) {
    await fill(store, 1);
    assert.ok(isHeld(store, range));
  }
  assert.ok(isHeld(store, summary));
});

test('an entry larger than the whole store is not kept, and drives nothing out', async () => {
  const store = bounded();
  const [kept] = await fill(store, 1);
  assert.ok(kept);
  const key = someKey();
  assert.equal(await keep(store, key, someEntry(Buffer.alloc(MAX_BYTES))), false);
  assert.equal(isHeld(store, key), false);
  assert.ok(isHeld(store, kept));
});

test('representations made of an entry count too, though it is not asked for again', async () => {
  const store = bounded();
  const [oldest, ...others] = await fill(store, 90);
  const newest = others.at(-1);
  assert.ok(oldest && newest);
  await represent(store, newest, 12);
  assert.equal(isHeld(store, oldest), false);
  assert.ok(isHeld(store, newest));
});

test('what representations weighed is given back with their entry', async () => {
  const store = bounded();
  const [range, summary] = [fieldOf('range', 0), fieldOf('summary', 0)];
  await keep(store, range);
  await keep(store, summary);
  for (let count = 0; count < 20; count += 1) {
    // Other content each time, so that nothing of the older entry stays.
    await keep(store, range, someEntry(`content ${count}`));
    await represent(store, range, 10);
    assert.ok(isHeld(store, range));
  }
  const others = await fill(store, 70);
  assert.ok(isHeld(store, summary));
  assert.deepEqual(heldOf(store, others), others);
});

test('an identity holds 64 ranges, 64 joined and 256 summaries; the oldest of the kind makes room', async () => {
  const store = bounded();
  for (const [kind, most] of [
    ['range', 64],
    ['joined', 64],
    ['summary', 256],
  ] as const) {
    const fields = Array.from({ length: most + 2 }, (_, index) => fieldOf(kind, index));
    for (const key of fields.slice(0, most)) await keep(store, key);
    // Written anew, the first is the youngest, and no more than before are held.
    const [first, second, ...others] = fields;
    assert.ok(first && second);
    await keep(store, first);
    for (const key of fields.slice(most)) await keep(store, key);
    assert.equal(isHeld(store, first), true, kind);
    assert.equal(isHeld(store, second), false, kind);
    assert.deepEqual(heldOf(store, others), others.slice(1), kind);
  }
  assert.ok(isHeld(store, fieldOf('range', 65)), 'each kind has room of its own');
});

test('an expired entry is forgotten, and its place is free', async () => {
  const { now, pass } = createClock(NOW);
  const store = bounded(MAX_BYTES, now);
  const [range, summary] = [fieldOf('range', 0), fieldOf('summary', 0)];
  const { deleteAt } = someEntry().instants;
  await keep(store, range);
  await keep(store, summary, someEntry('{}', { deleteAt: deleteAt + 1 }));
  pass(deleteAt - NOW);
  assert.deepEqual(heldOf(store, [range, summary]), [summary]);
  pass(NOW - deleteAt);
  assert.deepEqual(heldOf(store, [range, summary]), [summary]);
});

test('the same content keeps its bytes and representations, and gets the new instants', async () => {
  const store = bounded();
  const key = someKey();
  await keep(store, key);
  await represent(store, key, 1);
  const older = store.read(key).entry;
  const newer = someEntry(undefined, { fetchedAt: NOW + 1, staleAt: NOW + 30_000 });
  await keep(store, key, newer);
  const held = store.read(key).entry;
  assert.equal(held?.body, older?.body);
  assert.equal(held?.representations, older?.representations);
  assert.equal(held?.instants, newer.instants);

  const other = someEntry('{"other":"answer"}');
  await keep(store, key, other);
  assert.equal(store.read(key).entry?.representations, other.representations);
});

test('beside an entry there is when it was checked, and a failure since it was written', async () => {
  const { now, pass } = createClock(NOW);
  const store = bounded(MAX_BYTES, now);
  const key = someKey();
  assert.equal(store.recall(key), undefined);
  await keep(store, key);
  const held = store.recall(key);
  assert.ok(held);
  assert.deepEqual([held.tier, held.checkedAt, held.sharedGeneration], ['memory', NOW, 0]);
  store.keep(key, held.entry, { local: 0, shared: 7 });
  assert.equal(store.recall(key)?.sharedGeneration, 7);
  pass(5);
  await keep(store, key);
  const anew = store.recall(key);
  assert.deepEqual([anew?.checkedAt, anew?.sharedGeneration], [NOW + 5, 0]);
});

test('generations are of this process, and outlive what was held', async () => {
  const store = bounded();
  const { identity } = someKey();
  assert.equal(store.generationOf(identity), 0);
  const first = store.erase(identity);
  assert.equal(store.generationOf(identity), first);
  await fill(store, 500);
  assert.equal(store.generationOf(identity), first);
  assert.ok(store.erase(identity) > first);
});
