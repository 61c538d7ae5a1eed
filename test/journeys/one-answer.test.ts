// GET, POST and QUERY, and every spelling of a customer, give one answer from one entry after one vendor call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { startService } from '../support/service.ts';

const { busy } = CUSTOMERS;

test('every spelling of one customer is one entry, one vendor call and the same bytes', async (t) => {
  const service = await startService(t);
  const phone = encodeURIComponent('(415) 555-0140');
  const body = { tenant: 'acme', customer: 'tel:+1-415-555-0140', last: 'P12M' };
  const replies = [
    await service.ask(`/v1/customer?tenant=acme&phoneNumber=${phone}`),
    await service.ask('/v1/customer?tenant=acme&phoneNumber=+14155550140'),
    await service.ask('/v1/customer?tenant=acme&customer=0014155550140&last=P1Y'),
    await service.post('/v1/customer', body),
    await service.post('/v1/customer', body, { method: 'QUERY' }),
  ];
  const texts = await Promise.all(replies.map((reply) => reply.text()));
  const tags = new Set(replies.map((reply) => reply.headers.get('etag')));
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  assert.equal(new Set(texts).size, 1);
  assert.equal(tags.size, 1);
  assert.equal(service.sandbox.calls.received, 1);
  assert.deepEqual(
    service.events.of('cache-read').map(({ outcome }) => outcome),
    ['miss', 'hit', 'hit', 'hit', 'hit'],
  );
});

test('all four strategies find the same customer, each as the vendor wants to be asked', async (t) => {
  const service = await startService(t);
  const asked = {
    email: `email=${busy.email}`,
    phone: `phoneNumber=${encodeURIComponent(busy.phoneNumber)}`,
    contact: `contactId=${busy.contactId}`,
    account: `accountId=${busy.accountId}`,
    native: `accountId=${busy.accountId}&crmId=native`,
  };
  for (const query of Object.values(asked)) {
    const reply = await service.ask(`/v1/customer?tenant=acme&${query}`);
    const answer = (await reply.json()) as { complete: boolean; interactions: unknown[] };
    assert.equal(answer.interactions.length, 50);
    assert.equal(answer.complete, false);
  }
  assert.deepEqual(
    service.sandbox.calls.all.map(({ parameters }) => parameters),
    [
      [['email', busy.email]],
      [['phoneNumber', busy.phoneNumber]],
      [
        ['contactId', busy.contactId],
        ['crmId', 'native'],
      ],
      [['accountId', busy.accountId]],
      [
        ['accountId', busy.accountId],
        ['crmId', 'native'],
      ],
    ],
  );
});
