// Representations: made once each, tagged by their very bytes, and without what is hidden.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createEntry, type Entry } from '../../src/cache/entry.ts';
import { represent, representSummaries } from '../../src/cache/represent.ts';
import { Representations } from '../../src/cache/representations.ts';
import { type Customer, customerFrom } from '../../src/domain/customer.ts';
import { INTERACTION_FIELDS, type InteractionField } from '../../src/domain/interaction.ts';
import type { Coding, Reply, View } from '../../src/domain/source.ts';
import type { SummaryResult } from '../../src/domain/summaries.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';
import { someInstants } from '../support/store-contract.ts';
import { vendorCustomer, vendorInteraction } from '../support/vendor.ts';

const { query } = readQuery('email=customer@example.com');
const provenance = { outcome: 'hit', tier: 'memory' } as const;
const customer = customerFrom(
  query,
  vendorCustomer(
    Array.from({ length: 40 }, (_, index) =>
      vendorInteraction(`int-${index}`, {
        mediaIdentifier: 'hidden@example.com',
        queueName: `Queue ${index}`,
      }),
    ),
  ),
);

const newEntry = () => createEntry(Buffer.from(JSON.stringify(customer)), someInstants());
const viewOf = (view: Partial<View> = {}): View => ({
  fields: null,
  hide: new Set(),
  coding: null,
  ...view,
});

async function replyOf(entry: Entry, view: View): Promise<Reply> {
  const source = represent()(async () => ({ entry, provenance }));
  return source(query, { app: 'desk', refresh: false, view });
}

const representationOf = async (entry: Entry, view: Partial<View> = {}) =>
  (await replyOf(entry, viewOf(view))).representation;

test('the whole answer is sent as the very bytes that are kept', async () => {
  const entry = newEntry();
  const reply = await replyOf(entry, viewOf());
  assert.equal(reply.representation.body, entry.body);
  assert.equal(reply.representation.coding, null);
  assert.equal(reply.instants, entry.instants);
  assert.equal(reply.provenance, provenance);
});

test('each coding decodes to the plain bytes', async () => {
  const entry = newEntry();
  const decode = { br: brotliDecompressSync, gzip: gunzipSync };
  for (const coding of ['br', 'gzip'] as const) {
    for (const hide of [new Set<string>(), new Set(['address'])]) {
      const coded = await representationOf(entry, { coding, hide });
      assert.equal(coded.coding, coding);
      const plain = await representationOf(entry, { hide });
      assert.deepEqual(decode[coding](coded.body), plain.body);
      assert.ok(coded.body.length < plain.body.length);
    }
  }
});

test('a hidden field is nowhere in the bytes, though it was asked for', async () => {
  const fields = new Set<InteractionField>(['address', 'queue']);
  for (const asked of [null, fields]) {
    const { body } = await representationOf(newEntry(), {
      fields: asked,
      hide: new Set(['address']),
    });
    assert.equal(body.includes('hidden@example.com'), false);
    assert.equal(body.includes('"address"'), false);
    const seen: Customer = JSON.parse(body.toString());
    assert.equal(seen.customer.value, 'customer@example.com');
    assert.deepEqual(
      seen.interactions.map(({ queue }) => queue),
      customer.interactions.map(({ queue }) => queue),
    );
  }
});

test('tags are strong, and differ where the bytes do: by coding and by view', async () => {
  const entry = newEntry();
  const hides = [new Set<string>(), new Set(['address']), new Set(['queue'])];
  const codings: readonly (Coding | null)[] = [null, 'br', 'gzip'];
  const views = codings.flatMap((coding) => hides.map((hide) => ({ coding, hide })));
  const tags = await Promise.all(
    views.map(async (view) => (await representationOf(entry, view)).etag),
  );
  assert.equal(new Set(tags).size, 9);
  for (const tag of tags) assert.match(tag, /^"[\w-]{27}"$/);
});

test('the same content has the same tag, whenever it was fetched', async () => {
  const refetched = createEntry(newEntry().body, someInstants({ fetchedAt: NOW + 5000 }));
  for (const coding of [null, 'br', 'gzip'] as const) {
    const [one, other] = [newEntry(), refetched].map((entry) =>
      representationOf(entry, { coding }),
    );
    assert.equal((await one)?.etag, (await other)?.etag);
  }
});

test('each representation is made once, for callers at the same time as for later ones', async () => {
  const entry = newEntry();
  const hide = new Set(['address']);
  const together = await Promise.all(
    Array.from({ length: 5 }, () => representationOf(entry, { coding: 'br', hide })),
  );
  const later = await representationOf(entry, { coding: 'br', hide: new Set(['address']) });
  assert.equal(new Set([...together, later].map(({ body }) => body)).size, 1);
});

test('at most sixteen are kept; the oldest makes room', async () => {
  const entry = newEntry();
  const kept = new Map<InteractionField, Buffer>();
  for (const field of INTERACTION_FIELDS.slice(0, 20)) {
    kept.set(field, (await representationOf(entry, { fields: new Set([field]) })).body);
  }
  const weights = [...kept.values()].slice(-16).map(({ length }) => length);
  assert.equal(
    entry.representations.bytes,
    weights.reduce((sum, length) => sum + length, 0),
  );
  const again = async (field: InteractionField) =>
    (await representationOf(entry, { fields: new Set([field]) })).body;
  const [first] = INTERACTION_FIELDS;
  const last = INTERACTION_FIELDS[19] ?? 'id';
  assert.equal(await again(last), kept.get(last));
  assert.notEqual(await again(first), kept.get(first));
});

test('sixteen it is also when each needs the plain bytes first', async () => {
  const entry = newEntry();
  const made: Buffer[] = [];
  for (const field of INTERACTION_FIELDS.slice(1, 12)) {
    const view = { fields: new Set([field]) };
    const coded = await representationOf(entry, { ...view, coding: 'gzip' });
    made.push((await representationOf(entry, view)).body, coded.body);
  }
  const newest = made.slice(-16).reduce((sum, { length }) => sum + length, 0);
  assert.equal(entry.representations.bytes, newest);
});

test('what could not be made is tried again, and weighs nothing', async () => {
  const body = Buffer.from('made');
  const representations = new Representations();
  const failing = representations.getOrMake('a', async () => {
    throw new RangeError('too large');
  });
  await assert.rejects(failing, RangeError);
  assert.equal(representations.bytes, 0);
  const made = { body, etag: '"a"', coding: null };
  assert.equal(await representations.getOrMake('a', async () => made), made);
  assert.equal(representations.bytes, body.length);
});

test('summaries are represented for each reply, in the coding asked for', async () => {
  const summary = { text: 'Paid.', status: null, type: null, durationSeconds: 1, createdAt: null };
  const results: readonly SummaryResult[] = [
    { id: 'a', summary },
    { id: 'b', reason: 'not-found' },
  ];
  const instants = someInstants();
  const source = representSummaries()(async () => ({ results, instants, provenance }));
  const asked = { tenant: tenantWith(), interactionIds: ['a', 'b'], owner: null };
  const reply = async (coding: Coding | null) =>
    source(asked, { app: 'desk', refresh: false, view: viewOf({ coding }) });
  const [plain, coded] = [await reply(null), await reply('br')];
  const { body } = plain.representation;
  assert.deepEqual(JSON.parse(body.toString()), {
    tenant: 'acme',
    summaries: [{ interactionId: 'a', ...summary }],
    failures: [{ interactionId: 'b', reason: 'not-found' }],
  });
  assert.deepEqual(brotliDecompressSync(coded.representation.body), body);
  assert.notEqual(coded.representation.etag, plain.representation.etag);
  assert.deepEqual([plain.instants, plain.provenance], [instants, provenance]);
});
