// Keys: keyed hashes without personal data, in one slot an identity.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import { readQuery, tenantWith } from '../support/queries.ts';

const keys = createCacheKeys(Buffer.alloc(32, 7));
const query = (queryString: string) => readQuery(queryString).query;

test('a key shows nothing of the customer', () => {
  const key = keys.range(query('email=ann@example.com'));
  assert.match(key.identity, /^c360:1:\{[A-Za-z0-9_-]{43}\}$/);
  assert.match(key.field, /^[A-Za-z0-9_-]{43}$/);
});

test('everything about one identity is in one slot: ranges, crmId, joined answers and summaries', () => {
  const plain = query('accountId=1');
  const native = query('accountId=1&crmId=native&last=P30D');
  const owner = plain.identity;
  const all = [
    keys.range(plain),
    keys.range(native),
    keys.joined(plain),
    keys.summary({ tenant: tenantWith(), owner }, 'int-1'),
  ];
  assert.equal(new Set(all.map((key) => key.identity)).size, 1);
  assert.equal(new Set(all.map((key) => key.field)).size, all.length);
});

test('strategies, values and secrets are told apart', () => {
  const identities = ['contactId=1', 'accountId=1', 'contactId=2', 'contactId=1%20'].map(
    (text) => keys.range(query(text)).identity,
  );
  assert.equal(new Set(identities).size, 3);
  const others = createCacheKeys(Buffer.alloc(32, 8));
  assert.notEqual(others.range(query('contactId=1')).identity, identities[0]);
});

test('fields cannot run into each other', () => {
  const one = keys.range({
    ...query('contactId=1'),
    tenant: tenantWith({ name: 'ab', tenantId: 'c' }),
  });
  const two = keys.range({
    ...query('contactId=1'),
    tenant: tenantWith({ name: 'a', tenantId: 'bc' }),
  });
  assert.notEqual(one.identity, two.identity);
});

test('a summary without an owner is an identity of its own', () => {
  const alone = (id: string) => keys.summary({ tenant: tenantWith(), owner: null }, id).identity;
  assert.notEqual(alone('int-1'), alone('int-2'));
});
