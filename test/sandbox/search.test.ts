// The rules of a customer search: each one refused with a 400 problem, and what is accepted.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';

const sandbox = await createSandbox({ now: () => Date.UTC(2028, 1, 29, 12) });
after(() => sandbox.close());

async function ask(query: string): Promise<{ status: number; contentType: string; body: Body }> {
  const path = `/v1/public/tenants/${TENANTS.acme.tenantId}/interactions-insight?${query}`;
  const response = await fetch(sandbox.baseUrls.us + path, { headers: { 'x-api-key': KEYS.acme } });
  const body: Body = JSON.parse(await response.text());
  return { status: response.status, contentType: response.headers.get('content-type') ?? '', body };
}

interface Body {
  status?: number;
  title?: string;
  detail?: string;
  interactions?: { interactionId: string; startedAt: number }[];
}

const refused: Record<string, string> = {
  'no identity': '',
  'only crmId': 'crmId=native',
  'two identities': 'email=a%40example.com&phoneNumber=%2B14155550100',
  'contact and account': 'contactId=a&crmId=native&accountId=b',
  'contactId without crmId': 'contactId=a',
  'crmId with email': 'email=a%40example.com&crmId=native',
  'crmId with phoneNumber': 'phoneNumber=%2B14155550100&crmId=native',
  'another CRM': 'contactId=a&crmId=salesforce',
  'another CRM with an account': 'accountId=a&crmId=Native',
  'a blank crmId': 'accountId=a&crmId=',
  'a blank email': 'email=',
  'a blank contactId': 'contactId=%20&crmId=native',
  'a blank accountId': 'accountId=',
  'an email without @': 'email=a.example.com',
  'an email with two @': 'email=a%40b%40example.com',
  'an email without domain': 'email=a%40',
  'an email with white space': 'email=a%20b%40example.com',
  'a phone number whose + is not escaped': 'phoneNumber=+14155550100',
  'a phone number without +': 'phoneNumber=14155550100',
  'a phone number with punctuation': 'phoneNumber=%2B1%20415-555-0100',
  'a phone number that starts with 0': 'phoneNumber=%2B04155550100',
  'a phone number of 16 digits': 'phoneNumber=%2B1234567890123456',
  'a start without zone': 'accountId=a&startTime=2027-08-15T10:30:00',
  'an end without zone': 'accountId=a&endTime=2027-08-15T10:30:00',
  'a date alone': 'accountId=a&startTime=2027-08-15',
  milliseconds: 'accountId=a&startTime=1724400000000',
  'a zone whose + is not escaped': 'accountId=a&startTime=2027-08-15T10:30:00+02:00',
  'a zone without colon': 'accountId=a&startTime=2027-08-15T10:30:00%2B0200',
  'a day that does not exist': 'accountId=a&startTime=2027-02-29T10:30:00Z',
  'month 13': 'accountId=a&startTime=2027-13-01T10:30:00Z',
  'hour 24': 'accountId=a&startTime=2027-08-15T24:00:00Z',
  'a blank time': 'accountId=a&endTime=',
  'a start after the end':
    'accountId=a&startTime=2027-08-15T10:30:01Z&endTime=2027-08-15T10:30:00Z',
  'a start after now': 'accountId=a&startTime=2028-02-29T12:00:01Z',
  'a repeated email': 'email=a%40example.com&email=a%40example.com',
  'a repeated crmId': 'accountId=a&crmId=native&crmId=native',
  'a repeated time': 'accountId=a&endTime=2027-08-15T10:30:00Z&endTime=2027-08-15T10:30:00Z',
  'a broken escape': 'accountId=%zz',
  'an escape that is not UTF-8': 'accountId=%ff',
};

for (const [name, query] of Object.entries(refused)) {
  test(`refused: ${name}`, async () => {
    const { status, contentType, body } = await ask(query);
    const { detail, ...rest } = body;
    assert.equal(status, 400);
    assert.equal(contentType, 'application/json');
    assert.deepEqual(rest, { status: 400, title: 'Bad Request' });
    assert.ok(detail);
  });
}

const accepted: Record<string, string> = {
  'an account with crmId': 'accountId=account-busby-freight&crmId=native',
  'an offset': 'accountId=a&startTime=2027-08-15T10:30:00%2B02:00',
  'a negative zero offset': 'accountId=a&startTime=2027-08-15T10:30:00-00:00',
  'fractions of a second': 'accountId=a&startTime=2027-08-15T10:30:00.123456Z',
  'no seconds': 'accountId=a&startTime=2027-08-15T10:30Z',
  'a start equal to the end':
    'accountId=a&startTime=2027-08-15T10:30:00Z&endTime=2027-08-15T12:30:00%2B02:00',
  'an end in the future': 'accountId=a&endTime=2030-01-01T00:00:00Z',
  'unknown parameters, also repeated': 'accountId=a&limit=5&limit=6&email2=x',
};

for (const [name, query] of Object.entries(accepted)) {
  test(`accepted: ${name}`, async () => {
    assert.equal((await ask(query)).status, 200);
  });
}

test('an unknown customer is a 200 without interactions', async () => {
  const { status, body } = await ask('email=who%40example.com');
  assert.equal(status, 200);
  assert.deepEqual(body, { interactions: [], insights: {} });
});

test('emails match without regard to case, ids with regard to it', async () => {
  const email = encodeURIComponent(CUSTOMERS.ada.email.toUpperCase());
  assert.equal((await ask(`email=${email}`)).body.interactions?.length, 12);
  const contact = CUSTOMERS.ada.contactId;
  assert.equal((await ask(`contactId=${contact}&crmId=native`)).body.interactions?.length, 12);
  const lower = contact.toLowerCase();
  assert.equal((await ask(`contactId=${lower}&crmId=native`)).body.interactions?.length, 0);
});

test('the default range is the year before now or before the end', async () => {
  const email = `email=${encodeURIComponent(CUSTOMERS.veteran.email)}`;
  assert.equal((await ask(email)).body.interactions?.length, 5);
  const since = `${email}&startTime=2020-01-01T00:00:00Z`;
  assert.equal((await ask(since)).body.interactions?.length, 25);
  const before = (await ask(`${email}&endTime=2027-02-01T00:00:00Z`)).body.interactions ?? [];
  assert.ok(before.length > 0);
  for (const { startedAt } of before) {
    assert.ok(startedAt >= Date.UTC(2026, 1, 1) && startedAt <= Date.UTC(2027, 1, 1));
  }
});

test('a year before 29 February begins on 28 February', async () => {
  const busy = `accountId=${CUSTOMERS.busy.accountId}`;
  const explicit = await ask(`${busy}&startTime=2027-02-28T12:00:00Z&endTime=2028-02-29T12:00:00Z`);
  assert.deepEqual((await ask(busy)).body, explicit.body);
});
