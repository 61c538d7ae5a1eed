// What an app sees of an answer: the fields that it asks for, and never what is hidden from it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTERACTION_FIELDS } from '../../src/domain/interaction.ts';
import { customerSchema } from '../../src/edge/schemas.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { type Service, startService } from '../support/service.ts';

const ADA = `tenant=acme&email=${encodeURIComponent(CUSTOMERS.ada.email)}`;

interface Seen {
  readonly customer: { readonly value: string };
  readonly interactions: readonly Readonly<Record<string, unknown>>[];
  readonly insights: Readonly<Record<string, unknown>> | null;
  readonly summaryFailures?: unknown;
}

async function see({ ask }: Service, query: string): Promise<{ seen: Seen; text: string }> {
  const reply = await ask(`/v1/customer?${query}`);
  assert.equal(reply.status, 200, query);
  const text = await reply.text();
  const seen = JSON.parse(text) as Seen;
  customerSchema.parse(seen);
  return { seen, text };
}

function fieldsOf({ interactions }: Seen): readonly string[] {
  assert.ok(interactions.length > 0);
  const names = new Set(interactions.map((interaction) => Object.keys(interaction).join()));
  assert.equal(names.size, 1);
  return Object.keys(interactions[0] ?? {});
}

test('an answer holds every field in its order, and fields chooses among them', async (t) => {
  const service = await startService(t);
  assert.deepEqual(fieldsOf((await see(service, ADA)).seen), INTERACTION_FIELDS);
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['fields=id', ['id']],
    ['fields=channel', ['id', 'channel']],
    ['fields=topics,channel', ['id', 'channel', 'topics']],
    ['fields=topics&fields=channel', ['id', 'channel', 'topics']],
    ['fields=%20topics%20,%20channel', ['id', 'channel', 'topics']],
    [`fields=${INTERACTION_FIELDS.join()}`, INTERACTION_FIELDS],
    ['fields=channel&include=summaries', ['id', 'channel', 'summary']],
    ['fields=summary,channel&include=summaries', ['id', 'channel', 'summary']],
  ];
  for (const [query, names] of rows) {
    assert.deepEqual(fieldsOf((await see(service, `${ADA}&${query}`)).seen), names, query);
  }
  for (const unknown of ['fields=summary', 'fields=id,', 'fields=ID', 'fields=mediaIdentifier']) {
    assert.equal((await service.ask(`/v1/customer?${ADA}&${unknown}`)).status, 400, unknown);
  }
});

test('every choice of fields is made of one entry', async (t) => {
  const service = await startService(t);
  for (const field of INTERACTION_FIELDS) await see(service, `${ADA}&fields=${field}`);
  assert.equal(service.sandbox.calls.received, 1);
});

test('a hidden field is in no answer, also when it is asked for; the customer stays', async (t) => {
  const service = await startService(t, { desk: { hide: ['address', 'contactId'] } });
  const shown = INTERACTION_FIELDS.filter((name) => name !== 'address' && name !== 'contactId');
  const { seen, text } = await see(service, ADA);
  assert.deepEqual(fieldsOf(seen), shown);
  assert.equal(seen.customer.value, CUSTOMERS.ada.email.toLowerCase());
  assert.ok(!text.includes(CUSTOMERS.ada.phoneNumber));
  assert.ok(!text.includes(CUSTOMERS.ada.contactId));
  const asked = await see(service, `${ADA}&fields=address,contactId,channel`);
  assert.deepEqual(fieldsOf(asked.seen), ['id', 'channel']);
  const included = await see(service, `${ADA}&include=summaries`);
  assert.deepEqual(fieldsOf(included.seen), [...shown, 'summary']);
});

test('apps that see different things share an entry, and not an answer', async (t) => {
  const service = await startService(t);
  const query = `tenant=globex&email=${encodeURIComponent(CUSTOMERS.ada.email)}`;
  const asMobile = { headers: { authorization: `Bearer ${service.keys.mobile}` } };
  const whole = await service.ask(`/v1/customer?${query}`);
  const partial = await service.ask(`/v1/customer?${query}`, asMobile);
  assert.match(partial.headers.get('cache-status') ?? '', /; hit;/);
  assert.notEqual(partial.headers.get('etag'), whole.headers.get('etag'));
  assert.ok(fieldsOf((await whole.json()) as Seen).includes('address'));
  assert.ok(!fieldsOf((await partial.json()) as Seen).includes('address'));

  const tag = whole.headers.get('etag') ?? '';
  const unchanged = await service.ask(`/v1/customer?${query}`, {
    headers: { ...asMobile.headers, 'if-none-match': tag },
  });
  assert.equal(unchanged.status, 200);
});

test('an app that may not see summaries gets none, and causes no call for them', async (t) => {
  const service = await startService(t, { desk: { hide: ['summary'] } });
  const { seen } = await see(service, `${ADA}&include=summaries`);
  assert.deepEqual(fieldsOf(seen), INTERACTION_FIELDS);
  assert.equal(seen.summaryFailures, undefined);
  assert.equal(service.sandbox.calls.received, 1);
  const summaries = await service.ask('/v1/summaries?tenant=acme&interactionId=x');
  assert.equal(summaries.status, 403);
});

test('the aggregates of a hidden field are hidden too', async (t) => {
  const rows: readonly (readonly [readonly string[], readonly string[]])[] = [
    [[], ['sentiment', 'topics']],
    [['sentiment'], ['topics']],
    [['topics'], ['sentiment']],
    [['sentiment', 'topics'], []],
  ];
  for (const [hide, halves] of rows) {
    const service = await startService(t, { desk: { hide } });
    const { seen } = await see(service, ADA);
    assert.deepEqual(Object.keys(seen.insights ?? {}), halves);
    assert.deepEqual(
      fieldsOf(seen),
      INTERACTION_FIELDS.filter((name) => !hide.includes(name)),
    );
  }
});
