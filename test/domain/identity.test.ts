// Identities: four strategies, the shorthand, crmId, and each of their faults.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultListOf, faultsOf, readBody, readQuery, tenantAbroad } from '../support/queries.ts';

const identity = (queryString: string) => readQuery(queryString).query.identity;
const faults = (queryString: string) => faultsOf(() => readQuery(queryString));
const EMAIL = { by: 'email', value: 'ann@example.com', crmId: null };
const PHONE = { by: 'phone', value: '+14155550140', crmId: null };
const CONTACT = { by: 'contact', value: 'Contact-1', crmId: 'native' };
const ACCOUNT = { by: 'account', value: 'Account-1', crmId: null };

test('each strategy has its parameter', () => {
  assert.deepEqual(identity('email=Ann@Example.com'), EMAIL);
  assert.deepEqual(identity('phoneNumber=%2B14155550140'), PHONE);
  assert.deepEqual(identity('phoneNumber=+14155550140'), PHONE);
  assert.deepEqual(identity('contactId=%20Contact-1%20'), CONTACT);
  assert.deepEqual(identity('accountId=Account-1'), ACCOUNT);
});

test('the shorthand names the strategy, or shows it by its look', () => {
  const cases = {
    'email:Ann@example.com': EMAIL,
    'EMAIL: ann@example.com': EMAIL,
    'ann@example.com': EMAIL,
    'phone:(415) 555-0140': PHONE,
    'phone:+14155550140': PHONE,
    'tel:+1-415-555-0140': PHONE,
    'phone:tel:+14155550140': PHONE,
    '+14155550140': PHONE,
    '415.555.0140': PHONE,
    'contact:Contact-1': CONTACT,
    'Account:Account-1': ACCOUNT,
  };
  for (const [text, expected] of Object.entries(cases)) {
    assert.deepEqual(identity(`customer=${text}`), expected, text);
    assert.deepEqual(readBody({ customer: text }).query.identity, expected, text);
  }
});

test('the shorthand is split at the first colon alone', () => {
  assert.deepEqual(identity('customer=contact:a:b@c'), { ...CONTACT, value: 'a:b@c' });
});

test('what the shorthand may mean is not guessed', () => {
  for (const text of ['Contact-1', 'crm:12', '12a', '+', '()']) {
    assert.deepEqual(faults(`customer=${encodeURIComponent(text)}`), [
      'customer customer-ambiguous',
    ]);
  }
});

test('the fault of a value is that of its strategy, at the parameter that gave it', () => {
  const cases = {
    'email=nobody': ['email email-invalid'],
    'email=': ['email email-invalid'],
    'email=%20': ['email email-invalid'],
    'phoneNumber=12': ['phoneNumber phone-invalid'],
    'contactId=': ['contactId id-invalid'],
    'accountId=%00': ['accountId id-invalid'],
    'customer=': ['customer customer-ambiguous'],
    'customer=email:nobody': ['customer email-invalid'],
    'customer=phone:': ['customer phone-invalid'],
    'customer=tel:abc': ['customer phone-invalid'],
    'customer=contact:': ['customer id-invalid'],
    'customer=account:%20': ['customer id-invalid'],
  };
  for (const [query, expected] of Object.entries(cases))
    assert.deepEqual(faults(query), expected, query);
  assert.deepEqual(
    faultsOf(() => readQuery('phoneNumber=4155550140', { tenant: tenantAbroad() })),
    ['phoneNumber phone-country-needed'],
  );
});

test('an id has 1 to 256 characters, whatever they take in memory', () => {
  assert.equal(identity(`contactId=${'a'.repeat(256)}`).value.length, 256);
  assert.equal(
    [...identity(`contactId=${encodeURIComponent('\u{1F600}'.repeat(256))}`).value].length,
    256,
  );
  assert.deepEqual(faults(`contactId=${'a'.repeat(257)}`), ['contactId id-invalid']);
});

test('exactly one customer is asked for', () => {
  assert.deepEqual(faults(''), ['customer identity-missing']);
  const [fault] = faultListOf(() => readQuery('email=a@example.com&customer=contact:1'));
  assert.equal(fault?.code, 'identity-conflict');
  assert.match(fault?.detail ?? '', /email, customer/);
});

test('a conflict does not hide what else is wrong', () => {
  assert.deepEqual(faults('email=nobody&phoneNumber=1&crmId=sap'), [
    'email email-invalid',
    'phoneNumber phone-invalid',
    'phoneNumber identity-conflict',
    'crmId crm-unsupported',
  ]);
});

test('crmId is native: filled in for a contact, kept for an account, refused elsewhere', () => {
  assert.equal(identity('contactId=1').crmId, 'native');
  assert.equal(identity('contactId=1&crmId=Native').crmId, 'native');
  assert.equal(identity('accountId=1').crmId, null);
  assert.equal(identity('accountId=1&crmId=%20NATIVE').crmId, 'native');
  assert.deepEqual(faults('email=a@example.com&crmId=native'), ['crmId crm-forbidden']);
  assert.deepEqual(faults('customer=phone:4155550140&crmId=sap'), ['crmId crm-forbidden']);
  assert.deepEqual(faults('contactId=1&crmId=sap'), ['crmId crm-unsupported']);
  assert.deepEqual(faults('contactId=1&crmId='), ['crmId crm-unsupported']);
  assert.deepEqual(faults('email=a@example.com&crmId='), ['crmId crm-unsupported']);
});
