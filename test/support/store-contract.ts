// What every store does, as one suite: run against memory and against a real Redis.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createEntry, type Entry } from '../../src/cache/entry.ts';
import type { Store } from '../../src/cache/store.ts';
import { type CacheKey, createCacheKeys } from '../../src/domain/cache-key.ts';
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

/** An entry that is fresh for ten seconds from {@link NOW} and expires ten seconds later. */
export function someEntry(body: string | Buffer = '{"some":"answer"}'): Entry {
  const instants = { fetchedAt: NOW + 0.25, staleAt: NOW + 10_000, deleteAt: NOW + 20_000 };
  return createEntry(Buffer.from(body), instants);
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
      assert.equal(await store.write(key, entry), true);
      const read = await store.read(key);
      assert.deepEqual(read?.body, entry.body);
      assert.deepEqual(read?.instants, entry.instants);
    });

    test('what was never written is not there', async () => {
      const store = await usual();
      const [written, other] = twoFields();
      await store.write(written, someEntry());
      assert.equal(await store.read(someKey()), undefined);
      assert.equal(await store.read(other), undefined);
    });

    test('two fields of one identity are two entries', async () => {
      const store = await usual();
      const [one, other] = twoFields();
      assert.equal(one.identity, other.identity);
      await store.write(one, someEntry('one'));
      await store.write(other, someEntry('other'));
      assert.equal((await store.read(one))?.body.toString(), 'one');
      assert.equal((await store.read(other))?.body.toString(), 'other');
    });

    test('a later entry takes the place of an earlier one', async () => {
      const store = await usual();
      const key = someKey();
      const instants = { fetchedAt: NOW + 1, staleAt: NOW + 2, deleteAt: NOW + 3 };
      await store.write(key, someEntry('earlier'));
      assert.equal(await store.write(key, createEntry(Buffer.from('later'), instants)), true);
      const read = await store.read(key);
      assert.equal(read?.body.toString(), 'later');
      assert.deepEqual(read?.instants, instants);
    });

    test('a stale entry is read, an expired one is not', async () => {
      let at = NOW;
      const store = await create({ maxEntryBytes: 100_000, now: () => at });
      const [key, entry] = [someKey(), someEntry()];
      await store.write(key, entry);
      at = entry.instants.deleteAt - 1;
      assert.deepEqual((await store.read(key))?.body, entry.body);
      at = entry.instants.deleteAt;
      assert.equal(await store.read(key), undefined);
    });

    test('an entry above the limit is refused, one at the limit is kept', async () => {
      const store = await create({ maxEntryBytes: 1000, now: () => NOW });
      const [large, largest] = [someKey(), someKey()];
      assert.equal(await store.write(large, someEntry('x'.repeat(1001))), false);
      assert.equal(await store.read(large), undefined);
      assert.equal(await store.write(largest, someEntry('x'.repeat(1000))), true);
      assert.equal((await store.read(largest))?.body.length, 1000);
      assert.equal(await store.write(largest, someEntry('x'.repeat(1001))), false);
      assert.equal(await store.read(largest), undefined, 'an older entry gives way all the same');
    });

    test('any bytes pass unharmed, none at all included', async () => {
      const store = await usual();
      const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      for (const body of [everyByte, Buffer.alloc(0), randomBytes(70_000)]) {
        const key = someKey();
        await store.write(key, someEntry(body));
        assert.deepEqual((await store.read(key))?.body, body);
      }
    });

    test('an entry that was read stays as it is, whatever is read and written later', async () => {
      const store = await usual();
      const [key, other] = twoFields();
      const body = randomBytes(3000);
      await store.write(key, someEntry(body));
      await store.write(other, someEntry(randomBytes(3000)));
      const read = await store.read(key);
      await store.write(key, someEntry(randomBytes(3000)));
      await Promise.all([key, other, key, other].map((each) => store.read(each)));
      assert.deepEqual(read?.body, body);
      assert.deepEqual(read?.instants, someEntry().instants);
    });
  });
}
