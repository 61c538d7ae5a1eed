// From the vendor's answer to the bytes that are kept, and how long they are fresh.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerFrom } from '../../src/domain/customer.ts';
import { Problem } from '../../src/domain/problem.ts';
import { shape } from '../../src/upstream/shape.ts';
import { NOW, readQuery, tenantWith } from '../support/queries.ts';
import { vendorCustomer, vendorInteraction } from '../support/vendor.ts';

const context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set<string>(), coding: null },
};
const answer = vendorCustomer([vendorInteraction('int-1', { queueName: 'Support' })]);
const { openMs, closedMs, staleWhileRevalidateMs, staleIfErrorMs } = tenantWith().freshness;

async function shaped(queryString: string, random = 0.5) {
  const { query } = readQuery(queryString);
  let at = NOW;
  const source = shape({ now: () => at, random: () => random })(async () => {
    // The fetch takes a second: an answer is as old as its arrival.
    at = NOW + 1_000;
    return answer;
  });
  return { query, ...(await source(query, context)) };
}

test('the bytes are our model as JSON', async () => {
  const { query, body } = await shaped('email=ann@example.com');
  assert.equal(body.toString(), JSON.stringify(customerFrom(query, answer)));
});

test('an open range is fresh for a minute from its arrival, one that is settled for a day', async () => {
  const fetchedAt = NOW + 1_000;
  const open = await shaped('email=ann@example.com');
  const staleAt = fetchedAt + openMs;
  assert.deepEqual(open.instants, {
    fetchedAt,
    staleAt,
    revalidateUntil: staleAt + staleWhileRevalidateMs,
    deleteAt: staleAt + staleIfErrorMs,
  });
  const settled = await shaped(
    'email=ann@example.com&startTime=2026-01-01T00:00:00Z&endTime=2026-02-01T00:00:00Z',
  );
  assert.equal(settled.instants.staleAt, fetchedAt + closedMs);
});

test('the fresh time varies by a tenth', async () => {
  const least = await shaped('email=ann@example.com', 0);
  assert.equal(least.instants.staleAt, NOW + 1_000 + openMs * 0.9);
});

test('a problem passes', async () => {
  const source = shape({ now: () => NOW, random: () => 0.5 })(async () => {
    throw new Problem('upstream-invalid');
  });
  const { query } = readQuery('email=ann@example.com');
  await assert.rejects(source(query, context), { slug: 'upstream-invalid' });
});
