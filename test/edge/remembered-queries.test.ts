// Remembered query strings: the same reading again, for one tenant, unless it depends on the present.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRememberedQueries } from '../../src/edge/remembered-queries.ts';
import { faultsOf, NOW, readQuery, tenantAbroad, tenantWith } from '../support/queries.ts';

const MINUTE = 60_000;
const acme = tenantWith();

function createMemory(maxBytes = 1024 * 1024) {
  const queries = createRememberedQueries(maxBytes);
  const read = (queryString: string, tenant = acme, now = NOW) =>
    queries.read(queries.parametersOf(queryString), { tenant, now });
  return { queries, read };
}

test('what is remembered is what would be read', () => {
  const { read } = createMemory();
  for (const text of ['email=A@b.example', 'phoneNumber=2025550123&last=P30D&fields=queue,title']) {
    const first = read(text);
    assert.deepEqual(first, readQuery(text, { tenant: acme }));
    assert.equal(read(text), first);
  }
});

test('each tenant has its own reading', () => {
  const { read } = createMemory();
  const national = 'phoneNumber=2025550123';
  const tenant = tenantWith({ emailCaseSensitive: true });
  assert.equal(read('email=A@b.example').query.identity.value, 'a@b.example');
  assert.equal(read('email=A@b.example', tenant).query.identity.value, 'A@b.example');
  assert.equal(read('email=A@b.example').query.identity.value, 'a@b.example');
  read(national);
  assert.deepEqual(
    faultsOf(() => read(national, tenantAbroad())),
    ['phoneNumber phone-country-needed'],
  );
});

test('what is judged by the present is read anew', () => {
  const { read } = createMemory();
  const endAt = new Date(NOW + MINUTE).toISOString();
  const text = `email=a@b.example&startTime=2026-01-01T00:00:00Z&endTime=${endAt}`;
  assert.equal(read(text).query.timeRange.form, 'since');
  assert.equal(read(text, acme, NOW + 10 * MINUTE).query.timeRange.form, 'closed');
});

test('a request with faults is not remembered', () => {
  const { queries } = createMemory();
  const [one, other] = [queries.parametersOf('email=x'), queries.parametersOf('email=x')];
  assert.deepEqual(
    faultsOf(() => queries.read(one, { tenant: acme, now: NOW })),
    ['email email-invalid'],
  );
  assert.notEqual(one, other);
  assert.notEqual(queries.parametersOf('email=x'), one);
});

test('it is bounded in bytes, and the least recently used goes first', () => {
  const { read } = createMemory(3 * 2_300);
  const first = read('email=a@b.example');
  const second = read('email=b@b.example');
  read('email=c@b.example');
  assert.equal(read('email=a@b.example'), first);
  read('email=d@b.example');
  assert.equal(read('email=a@b.example'), first);
  assert.notEqual(read('email=b@b.example'), second);
});

test('forgetting leaves nothing behind', () => {
  const { queries, read } = createMemory();
  const before = read('email=a@b.example');
  queries.forget();
  assert.notEqual(read('email=a@b.example'), before);
});
