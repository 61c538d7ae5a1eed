// What every store does, as one suite: run against memory and against a real Redis.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createEntry, type Entry } from '../../src/cache/entry.ts';
import type { Store } from '../../src/cache/store.ts';
import { type CacheKey, createCacheKeys } from '../../src/domain/cache-key.ts';
import type { Instants } from '../../src/domain/freshness.ts';
import { NOW, readQuery, tenantWith } from './queries.ts';

/** What a store is created with. */
export interface StoreSettings {
  readonly maxEntryBytes: number;
  readonly now: () => number;
}

const keys = createCacheKeys(Buffer.alloc(32, 7));
const tenant = tenantWith();

/** The key of one interaction's summary: one that is shared with nothing else. */
export function someKey(): CacheKey {
  return keys.summary({ tenant, owner: null }, randomBytes(12).toString('hex'));
}

/** The keys of two ranges of one identity. */
export function twoFields(): readonly [CacheKey, CacheKey] {
  const contact = `contactId=${randomBytes(12).toString('hex')}`;
  const [one, other] = [readQuery(contact), readQuery(`${contact}&last=P30D`)];
  return [keys.range(one.query), keys.range(other.query)];
}

/** Instants of something fetched at {@link NOW}: ten seconds fresh, five more to revalidate, ten more in all. */
export function someInstants(later: Partial<Instants> = {}): Instants {
  return {
    fetchedAt: NOW + 0.25,
    staleAt: NOW + 10_000,
    revalidateUntil: NOW + 15_000,
    deleteAt: NOW + 20_000,
    ...later,
  };
}

/** An entry with {@link someInstants}. */
export function someEntry(
  body: string | Buffer = '{"some":"answer"}',
  later: Partial<Instants> = {},
): Entry {
  return createEntry(Buffer.from(body), someInstants(later));
}

/** Writes an entry as one does who has just read, and so knows the generation. */
export async function keep(store: Store, key: CacheKey, entry = someEntry()): Promise<boolean> {
  const { generation } = await store.read(key);
  return store.write(key, entry, generation);
}

/** The entry that a store holds for a key. */
export async function entryOf(store: Store, key: CacheKey): Promise<Entry | undefined> {
  return (await store.read(key)).entry;
}

/** Runs the suite against the stores that `create` makes. They may share what they hold. */
export function storeContract(
  name: string,
  create: (settings: StoreSettings) => Store | Promise<Store>,
): void {
  const usual = () => create({ maxEntryBytes: 100_000, now: () => NOW });

  describe(`the contract of a store: ${name}`, () => {
    test('what was written is read back, to the byte and the instant', async () => {
      const store = await usual();
      const [key, entry] = [someKey(), someEntry()];
      assert.equal(await keep(store, key, entry), true);
      const read = await entryOf(store, key);
      assert.deepEqual(read?.body, entry.body);
      assert.deepEqual(read?.instants, entry.instants);
    });

    test('what was never written is not there', async () => {
      const store = await usual();
      const [written, other] = twoFields();
      await keep(store, written);
      assert.equal(await entryOf(store, someKey()), undefined);
      assert.equal(await entryOf(store, other), undefined);
    });

    test('two fields of one identity are two entries', async () => {
      const store = await usual();
      const [one, other] = twoFields();
      assert.equal(one.identity, other.identity);
      await keep(store, one, someEntry('one'));
      await keep(store, other, someEntry('other'));
      assert.equal((await entryOf(store, one))?.body.toString(), 'one');
      assert.equal((await entryOf(store, other))?.body.toString(), 'other');
    });

    test('a later entry takes the place of an earlier one', async () => {
      const store = await usual();
      const key = someKey();
      const later = someInstants({ fetchedAt: NOW + 1, staleAt: NOW + 2 });
      await keep(store, key, someEntry('earlier'));
      assert.equal(await keep(store, key, someEntry('later', later)), true);
      const read = await entryOf(store, key);
      assert.equal(read?.body.toString(), 'later');
      assert.deepEqual(read?.instants, later);
    });

    test('a stale entry is read, an expired one is not', async () => {
      let at = NOW;
      const store = await create({ maxEntryBytes: 100_000, now: () => at });
      const [key, entry] = [someKey(), someEntry()];
      await keep(store, key, entry);
      at = entry.instants.deleteAt - 1;
      assert.deepEqual((await entryOf(store, key))?.body, entry.body);
      at = entry.instants.deleteAt;
      assert.equal(await entryOf(store, key), undefined);
    });

    test('an entry above the limit is refused, one at the limit is kept', async () => {
      const store = await create({ maxEntryBytes: 1000, now: () => NOW });
      const [large, largest] = [someKey(), someKey()];
      assert.equal(await keep(store, large, someEntry('x'.repeat(1001))), false);
      assert.equal(await entryOf(store, large), undefined);
      assert.equal(await keep(store, largest, someEntry('x'.repeat(1000))), true);
      assert.equal((await entryOf(store, largest))?.body.length, 1000);
      assert.equal(await keep(store, largest, someEntry('x'.repeat(1001))), false);
      assert.equal(
        await entryOf(store, largest),
        undefined,
        'an older entry gives way all the same',
      );
    });

    test('any bytes pass unharmed, none at all included', async () => {
      const store = await usual();
      const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      for (const body of [everyByte, Buffer.alloc(0), randomBytes(70_000)]) {
        const key = someKey();
        await keep(store, key, someEntry(body));
        assert.deepEqual((await entryOf(store, key))?.body, body);
      }
    });

    test('an entry that was read stays as it is, whatever is read and written later', async () => {
      const store = await usual();
      const [key, other] = twoFields();
      const body = randomBytes(3000);
      await keep(store, key, someEntry(body));
      await keep(store, other, someEntry(randomBytes(3000)));
      const read = await entryOf(store, key);
      await keep(store, key, someEntry(randomBytes(3000)));
      await Promise.all([key, other, key, other].map((each) => store.read(each)));
      assert.deepEqual(read?.body, body);
      assert.deepEqual(read?.instants, someInstants());
    });

    test('an erasure removes every field of the identity, and nothing of another', async () => {
      const store = await usual();
      const [[one, other], stranger] = [twoFields(), someKey()];
      for (const key of [one, other, stranger]) await keep(store, key);
      await store.erase(one.identity);
      assert.equal(await entryOf(store, one), undefined);
      assert.equal(await entryOf(store, other), undefined);
      assert.ok(await entryOf(store, stranger));
    });

    test('each erasure raises the generation of that identity, also of one that holds nothing', async () => {
      const store = await usual();
      const [[one, other], stranger] = [twoFields(), someKey()];
      const generations = [(await store.read(one)).generation];
      for (let count = 0; count < 3; count += 1) {
        const generation = await store.erase(one.identity);
        assert.ok(generation > (generations.at(-1) ?? Number.NaN));
        assert.equal((await store.read(one)).generation, generation);
        assert.equal((await store.read(other)).generation, generation);
        generations.push(generation);
      }
      assert.equal((await store.read(stranger)).generation, generations[0]);
    });

    test('what was fetched before an erasure is refused after it', async () => {
      const store = await usual();
      const key = someKey();
      await keep(store, key);
      const { generation } = await store.read(key);
      await store.erase(key.identity);
      assert.equal(await store.write(key, someEntry('too late'), generation), false);
      assert.equal(await entryOf(store, key), undefined);
    });

    test('what is written with the new generation is kept, and stays when an older one comes', async () => {
      const store = await usual();
      const [key, other] = twoFields();
      const older = (await store.read(key)).generation;
      const newer = await store.erase(key.identity);
      assert.equal(await store.write(key, someEntry('new'), newer), true);
      assert.equal(await store.write(key, someEntry('too late'), older), false);
      assert.equal(await store.write(other, someEntry('too late'), older), false);
      assert.equal((await entryOf(store, key))?.body.toString(), 'new');
      assert.equal(await entryOf(store, other), undefined);
    });
  });
}
