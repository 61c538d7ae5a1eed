// A batch: how many customers there are, what each may say, and which of them are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchCustomerName, readBatch, readBatchCustomer } from '../../src/domain/batch.ts';
import { parametersFromBody } from '../../src/domain/parameters.ts';
import { faultListOf, faultsOf, NOW, tenantWith } from '../support/queries.ts';

const ANN = { email: 'ann@example.com' };

const whole = (body: object) => readBatch(parametersFromBody({ ...body }));
const one = (customer: unknown) => readBatchCustomer(customer, { tenant: tenantWith(), now: NOW });
const nameOf = (customer: object) => batchCustomerName(one(customer));

test('1 to 100 customers are read as they stand', () => {
  for (const count of [1, 100]) {
    const customers = Array.from({ length: count }, (_, index) => ({ contactId: `c-${index}` }));
    assert.deepEqual(whole({ tenant: 'acme', customers }), customers);
  }
  for (const customers of [[], Array(101).fill(ANN), undefined]) {
    assert.deepEqual(
      faultsOf(() => whole(customers === undefined ? {} : { customers })),
      ['customers ids-count'],
    );
  }
});

test('what is no array is a fault, told with all others of the whole', () => {
  for (const customers of [null, 'x', 7, {}, true]) {
    assert.deepEqual(
      faultsOf(() => whole({ tenant: 'acme', customers, email: 'x', customer: 'y' })),
      ['customers parameter-type', 'email parameter-unknown', 'customer parameter-unknown'],
    );
  }
});

test('what a customer is does not matter to the whole', () => {
  const customers = [null, 'x', {}, { email: 7 }];
  assert.equal(whole({ customers }), customers);
});

test('a customer is read as a request for one', () => {
  const body = { customer: 'tel:+1 415 555 0140', last: 'P12M', include: ['summaries'] };
  const { query, fields, page } = one({ ...body, fields: ['channel'] });
  assert.deepEqual(query, {
    tenant: tenantWith(),
    identity: { by: 'phone', value: '+14155550140', crmId: null },
    timeRange: { form: 'default' },
    summaries: true,
  });
  assert.deepEqual([...(fields ?? [])], ['channel']);
  assert.equal(page, null);
  assert.deepEqual(
    faultsOf(() => one({ email: 'x', last: 'soon' })),
    ['email email-invalid', 'last duration-invalid'],
  );
});

test('a customer that is no object is a fault that repeats nothing', () => {
  for (const customer of [null, 'zaphod', 7, true, [ANN], undefined]) {
    const faults = faultListOf(() => one(customer));
    assert.deepEqual(
      faults.map(({ parameter, code }) => `${parameter} ${code}`),
      ['customers parameter-type'],
    );
    assert.doesNotMatch(JSON.stringify(faults), /zaphod/);
  }
});

test('what is said of all, and what pages, is unknown within a customer', () => {
  const others = { tenant: 'acme', history: 'all', limit: 'many', cursor: 'x', customers: [] };
  assert.deepEqual(
    faultsOf(() => one({ ...ANN, ...others })),
    Object.keys(others).map((name) => `${name} parameter-unknown`),
  );
  assert.deepEqual(
    faultsOf(() => one({ ...ANN, history: 'complete' })),
    ['history parameter-unknown'],
  );
});

test('spellings of one customer have one name; what differs in any part has another', () => {
  const name = nameOf(ANN);
  for (const same of [
    { customer: ' ANN@example.com' },
    { email: 'ann@example.com.', last: 'P12M' },
  ]) {
    assert.equal(nameOf(same), name);
  }
  assert.equal(
    nameOf({ ...ANN, fields: ['queue', 'channel'] }),
    nameOf({ ...ANN, fields: ['channel', 'queue', 'channel'] }),
  );
  const others = [
    ANN,
    { email: 'bob@example.com' },
    { contactId: 'ann@example.com' },
    { accountId: 'ann@example.com' },
    { accountId: 'ann@example.com', crmId: 'native' },
    { ...ANN, last: 'P30D' },
    { ...ANN, startTime: '2026-06-01T00:00:00Z' },
    { ...ANN, startTime: '2026-06-01T00:00:00Z', endTime: '2026-06-02T00:00:00Z' },
    { ...ANN, include: ['summaries'] },
    { ...ANN, fields: ['channel'] },
    { ...ANN, fields: ['id'] },
  ];
  assert.equal(new Set(others.map(nameOf)).size, others.length);
});
