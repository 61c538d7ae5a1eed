// Entries: bytes of their own, and what stays when an entry is fetched anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEntry, isNewer, succeed } from '../../src/cache/entry.ts';
import { someEntry, someInstants } from '../support/store-contract.ts';

test('an entry keeps no more than its bytes', () => {
  for (const slice of [Buffer.from('short'), Buffer.alloc(100_000, 1).subarray(5, 10)]) {
    const { body } = createEntry(slice, someInstants());
    assert.deepEqual(body, slice);
    assert.equal(body.buffer.byteLength, slice.length);
  }
  const own = Buffer.alloc(100_000, 1);
  assert.equal(createEntry(own, someInstants()).body, own);
  assert.equal(createEntry(Buffer.alloc(0), someInstants()).body.length, 0);
});

test('the same content fetched anew keeps bytes and representations, and has new instants', () => {
  const [older, newer] = [someEntry(), someEntry()];
  const entry = { ...newer, instants: someInstants({ fetchedAt: 1 }) };
  assert.deepEqual(succeed(older, entry), { ...older, instants: entry.instants });
  assert.equal(succeed(older, entry).body, older.body);
  assert.equal(succeed(older, entry).representations, older.representations);
});

test('other content, or a first entry, is as it is', () => {
  const entry = someEntry('new');
  assert.equal(succeed(someEntry('old'), entry), entry);
  assert.equal(succeed(undefined, entry), entry);
});

test('what was fetched later is newer; of what is as old as its oldest part, what lives longer', () => {
  const [older, younger] = [someInstants({ fetchedAt: 1 }), someInstants({ fetchedAt: 2 })];
  assert.deepEqual([isNewer(younger, older), isNewer(older, younger)], [true, false]);
  const longer = { ...older, staleAt: older.staleAt + 1 };
  assert.deepEqual([isNewer(longer, older), isNewer(older, longer)], [true, false]);
  assert.deepEqual([isNewer(older, older), isNewer(older, undefined)], [false, true]);
});
