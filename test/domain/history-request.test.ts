// The parameters of a history: read strictly, and a cursor only for the question that it was given for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CursorContent } from '../../src/domain/cursor.ts';
import { readCustomerRequest } from '../../src/domain/customer-request.ts';
import type { Paging } from '../../src/domain/history-request.ts';
import { parametersFromBody, parametersFromQuery } from '../../src/domain/parameters.ts';
import { faultsOf, NOW, readBody, readQuery, tenantWith } from '../support/queries.ts';

const WHO = 'email=ann@example.com';
const CURSOR: CursorContent = {
  firstAt: NOW - 60_000,
  question: 'ann@example.com',
  after: { startedAt: NOW - 3_600_000, id: 'int-1' },
};
const paging: Paging = {
  open: (text) => (text === 'good' ? CURSOR : undefined),
  questionOf: ({ identity }) => identity.value,
};
const reading = { tenant: tenantWith(), now: NOW, paging };
const read = (queryString: string) =>
  readCustomerRequest(parametersFromQuery(queryString), reading);

test('without `history` there are no pages', () => {
  assert.equal(readQuery(WHO).page, null);
  for (const given of ['limit=5', 'cursor=good', 'limit=5&cursor=good']) {
    const names = [...new URLSearchParams(given).keys()];
    assert.deepEqual(
      faultsOf(() => read(`${WHO}&${given}`)),
      names.map((name) => `${name} parameter-conflict`),
    );
  }
});

test('`history` is `complete` and nothing else', () => {
  assert.deepEqual(readQuery(`${WHO}&history=complete`).page, {
    limit: 50,
    after: null,
    firstAt: null,
  });
  for (const bad of ['', 'all', 'Complete', 'true']) {
    assert.deepEqual(
      faultsOf(() => readQuery(`${WHO}&history=${bad}`)),
      ['history history-invalid'],
      bad,
    );
  }
  assert.deepEqual(
    faultsOf(() => readBody({ email: 'ann@example.com', history: true })),
    ['history parameter-type'],
  );
});

test('`limit` is a whole number from 1 to 500: digits in a URL, a number in JSON', () => {
  const body = (limit: unknown) =>
    readBody({ email: 'ann@example.com', history: 'complete', limit });
  for (const good of [1, 50, 500]) {
    assert.equal(readQuery(`${WHO}&history=complete&limit=${good}`).page?.limit, good);
    assert.equal(body(good).page?.limit, good);
  }
  for (const bad of ['', '0', '501', '-1', '1.5', '1e2', '0x10', 'ten', '5,6', '9'.repeat(30)]) {
    assert.deepEqual(
      faultsOf(() => readQuery(`${WHO}&history=complete&limit=${bad}`)),
      ['limit limit-invalid'],
      bad,
    );
  }
  assert.deepEqual(
    faultsOf(() => readQuery(`${WHO}&history=complete&limit=5&limit=6`)),
    ['limit parameter-repeated'],
  );
  for (const bad of [0, 501, 1.5, -1]) {
    assert.deepEqual(
      faultsOf(() => body(bad)),
      ['limit limit-invalid'],
      String(bad),
    );
  }
  for (const bad of ['50', null, true, [50]]) {
    assert.deepEqual(
      faultsOf(() => body(bad)),
      ['limit parameter-type'],
      String(bad),
    );
  }
});

test('a cursor is where its page ended, for its own question only', () => {
  assert.deepEqual(read(`${WHO}&history=complete&cursor=good`).page, {
    limit: 50,
    after: CURSOR.after,
    firstAt: CURSOR.firstAt,
  });
  const refused = ['cursor cursor-invalid'];
  for (const bad of ['email=bob@example.com&cursor=good', `${WHO}&cursor=`, `${WHO}&cursor=bad`]) {
    assert.deepEqual(
      faultsOf(() => read(`${bad}&history=complete`)),
      refused,
      bad,
    );
  }
  assert.deepEqual(
    faultsOf(() =>
      readCustomerRequest(
        parametersFromBody({ email: 'ann@example.com', history: 'complete', cursor: 1 }),
        reading,
      ),
    ),
    ['cursor parameter-type'],
  );
});

test('a range that was open for the first page is open for those after it', () => {
  const end = new Date(NOW - 30_000).toISOString();
  const range = `startTime=2026-06-01T00:00:00Z&endTime=${end}`;
  const tenant = tenantWith({ timeGridMs: 1000 });
  const form = (given: string) =>
    readCustomerRequest(parametersFromQuery(`${WHO}&${range}${given}`), { ...reading, tenant })
      .query.timeRange.form;
  assert.equal(form(''), 'closed');
  assert.equal(form('&history=complete&cursor=good'), 'since');
});
