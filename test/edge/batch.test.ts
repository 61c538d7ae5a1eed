// The body of a batch: faults of ours within a customer, and answers that are held no longer than they are needed.
import assert from 'node:assert/strict';
import { text as readText } from 'node:stream/consumers';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import type { Reply } from '../../src/domain/source.ts';
import { type BatchOptions, batchBody } from '../../src/edge/batch.ts';
import { problemFor } from '../../src/edge/problems.ts';
import type { ServiceEvent } from '../../src/telemetry/events.ts';
import { NOW, tenantWith } from '../support/queries.ts';

const ID = '6f2b1c9e';

function replyWith(text: string, ageMs = 0): Reply {
  return {
    representation: { body: Buffer.from(text), etag: 'x', coding: null },
    instants: { fetchedAt: NOW - ageMs, staleAt: NOW, revalidateUntil: NOW, deleteAt: NOW },
    provenance: { outcome: 'hit', tier: 'memory' },
  };
}

/** The body, and what was told of faults of ours. */
async function bodyOf(customers: readonly unknown[], ask: BatchOptions['ask']) {
  const events: ServiceEvent[] = [];
  const parts = batchBody(customers, {
    tenant: tenantWith(),
    requestId: ID,
    now: () => NOW,
    ask,
    problemFor: (error) => problemFor(error, ID, (event) => events.push(event)),
  });
  const text = await readText(parts);
  const { customers: answers } = JSON.parse(text) as { customers: Record<string, unknown>[] };
  return { answers, events, text };
}

test('a fault of ours is the 500 of its customer alone, and leaks nothing', async () => {
  const customers = ['one', 'two', 'three'].map((contactId) => ({ contactId }));
  const { answers, events, text } = await bodyOf(customers, async ({ query }) => {
    if (query.identity.value === 'two') throw new TypeError('secret of two');
    return replyWith(`"${query.identity.value}"`, 1_999);
  });
  const [one, two, three] = answers;
  assert.deepEqual(one, { status: 200, age: 1, body: 'one' });
  assert.deepEqual(three, { status: 200, age: 1, body: 'three' });
  assert.deepEqual(Object.keys(two ?? {}), ['status', 'problem']);
  assert.equal(two?.status, 500);
  assert.deepEqual(
    events.map((event) => event.type === 'internal-error' && [event.name, event.requestId]),
    [['TypeError', ID]],
  );
  assert.doesNotMatch(text + JSON.stringify(events), /secret/);
});

test('what a header says of a problem stands beside it', async () => {
  const { answers } = await bodyOf([{ contactId: 'one' }], async () => {
    throw new Problem('upstream-throttled', { retryAfterSeconds: 7 });
  });
  assert.deepEqual(
    answers.map(({ status, retryAfter }) => [status, retryAfter]),
    [[503, 7]],
  );
});

test('one that stands there often is asked once, however far apart, also where it fails', async () => {
  const asked: string[] = [];
  const others = Array.from({ length: 40 }, (_, index) => ({ contactId: `c-${index}` }));
  const twice = [{ email: 'good@example.com' }, { email: 'bad@example.com' }];
  const { answers } = await bodyOf([...twice, ...others, ...twice], async ({ query }) => {
    const { value } = query.identity;
    asked.push(value);
    if (value === 'bad@example.com') throw new Problem('upstream-unavailable');
    return replyWith(`"${value}"`);
  });
  assert.equal(asked.length, 42);
  assert.equal(new Set(asked).size, 42);
  assert.deepEqual(answers.slice(0, 2), answers.slice(-2));
  assert.deepEqual(
    answers.slice(0, 2).map(({ status }) => status),
    [200, 503],
  );
});
