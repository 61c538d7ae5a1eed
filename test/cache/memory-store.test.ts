// The memory tier: the contract of a store, and its bound in bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import type { Store } from '../../src/cache/store.ts';
import type { CacheKey } from '../../src/domain/cache-key.ts';
import { NOW } from '../support/queries.ts';
import { someEntry, someKey, storeContract } from '../support/store-contract.ts';

const now = () => NOW;
const MAX_BYTES = 1_000_000;
const BODY_BYTES = 9_000;

storeContract('memory', (settings) => createMemoryStore({ maxBytes: MAX_BYTES, ...settings }));

const bounded = () =>
  createMemoryStore({ maxBytes: MAX_BYTES, maxEntryBytes: MAX_BYTES, now: () => NOW });

async function fill(store: Store, count: number): Promise<readonly CacheKey[]> {
  const keys = Array.from({ length: count }, someKey);
  for (const key of keys) {
    assert.equal(await store.write(key, someEntry(Buffer.alloc(BODY_BYTES))), true);
  }
  return keys;
}

async function heldOf(store: Store, keys: readonly CacheKey[]): Promise<readonly boolean[]> {
  const held: boolean[] = [];
  for (const key of keys) held.push((await store.read(key)) !== undefined);
  return held;
}

test('the entries held never weigh more than the bound, and use most of it', async () => {
  const store = bounded();
  const keys = await fill(store, 500);
  const bytes = (await heldOf(store, keys)).filter(Boolean).length * BODY_BYTES;
  assert.ok(bytes <= MAX_BYTES && bytes > MAX_BYTES * 0.8, `${bytes} bytes are held`);
});

test('the least recently used entries go first', async () => {
  const store = bounded();
  const [first, second, ...others] = await fill(store, 90);
  assert.ok(first && second);
  assert.ok(await store.read(first));
  await fill(store, 50);
  assert.equal(await store.read(second), undefined);
  assert.ok(await store.read(first));
  assert.deepEqual(await heldOf(store, others.slice(0, 20)), Array(20).fill(false));
});

test('an entry larger than the whole store is not kept, and drives nothing out', async () => {
  const store = bounded();
  const [kept] = await fill(store, 1);
  assert.ok(kept);
  const key = someKey();
  assert.equal(await store.write(key, someEntry(Buffer.alloc(MAX_BYTES))), false);
  assert.equal(await store.read(key), undefined);
  assert.ok(await store.read(kept));
});

test('representations made of an entry count too', async () => {
  const store = createMemoryStore({ maxBytes: MAX_BYTES, maxEntryBytes: MAX_BYTES, now });
  const [oldest, ...others] = await fill(store, 90);
  const newest = others.at(-1);
  assert.ok(oldest && newest);
  const entry = await store.read(newest);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']) {
    const body = Buffer.alloc(BODY_BYTES);
    await entry?.representations.getOrMake(name, async () => ({ body, etag: name, coding: null }));
  }
  assert.ok(await store.read(newest));
  assert.equal(await store.read(oldest), undefined);
});

test('an expired entry is forgotten, and its place is free', async () => {
  let at = NOW;
  const store = createMemoryStore({
    maxBytes: MAX_BYTES,
    maxEntryBytes: MAX_BYTES,
    now: () => at,
  });
  const [key] = await fill(store, 1);
  assert.ok(key);
  at = someEntry().instants.deleteAt;
  assert.equal(await store.read(key), undefined);
  at = NOW;
  assert.equal(await store.read(key), undefined);
});
