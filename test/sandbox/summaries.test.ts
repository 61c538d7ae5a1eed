// Transcript summaries: the rules of the request, and what there is for each interaction.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import type { SummariesAnswer } from '../../src/sandbox/summaries.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';

const now = () => Date.UTC(2026, 6, 15, 9, 30);
const sandbox = await createSandbox({ now });
after(() => sandbox.close());

async function ask(ids: readonly string[]): Promise<{ status: number; text: string }> {
  const query = ids.map((id) => `interactionId=${encodeURIComponent(id)}`).join('&');
  const path = `/v1/public/tenants/${TENANTS.acme.tenantId}/transcript-summaries?${query}`;
  const response = await fetch(sandbox.baseUrls.us + path, { headers: { 'x-api-key': KEYS.acme } });
  return { status: response.status, text: await response.text() };
}

async function summariesOf(ids: readonly string[]): Promise<SummariesAnswer> {
  const { status, text } = await ask(ids);
  assert.equal(status, 200);
  return JSON.parse(text);
}

const interactions = standardPopulation(now())
  .flatMap((account) => account.tenants)
  .filter((tenant) => tenant.tenantId === TENANTS.acme.tenantId)
  .flatMap((tenant) => tenant.customers)
  .find((customer) => customer.email.includes(CUSTOMERS.busy.email))?.interactions;
assert.ok(interactions);
const fifty = interactions.slice(0, 50).map((interaction) => interaction.interactionId);

test('1 to 50 ids that are not blank, else a 400 problem', async () => {
  const wrong = [[], [...fifty, 'int-51'], [''], ['int-1', ' ']];
  for (const ids of wrong) {
    const { status, text } = await ask(ids);
    assert.equal(status, 400);
    const { detail, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, { status: 400, title: 'Bad Request' });
    assert.ok(detail);
  }
  assert.equal((await ask(['int-1'])).status, 200);
  assert.equal((await ask(fifty)).status, 200);
});

test('most interactions have a summary, some have none, some cannot be had now', async () => {
  const { summaries, partialFailures } = await summariesOf(fifty);
  assert.equal(summaries.length + partialFailures.length, 50);
  assert.ok(summaries.length >= 30);
  const reasons = new Set(partialFailures.map(({ reason }) => reason));
  assert.deepEqual([...reasons].sort(), ['Summary not available', 'Summary not found']);
  assert.deepEqual(await summariesOf(fifty), { summaries, partialFailures });
});

test('a summary has the fields and formats of the vendor', async () => {
  const [summary] = (await summariesOf(fifty)).summaries;
  assert.ok(summary);
  assert.match(summary.metadata.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  assert.equal(summary.metadata.sizeBytes, Buffer.byteLength(summary.content.result));
  assert.equal(summary.content.status, 'success');
  assert.equal(summary.content.type, 'summary');
  const about = interactions.find((one) => one.interactionId === summary.interactionId);
  assert.ok(about?.endedAt);
  assert.equal(summary.content.duration, (about.endedAt - about.startedAt) / 1_000);
  assert.ok(!Number.isInteger(summary.content.duration));
});

test('an unknown id is a partial failure; an id asked twice is answered once', async () => {
  assert.deepEqual(await summariesOf(['int-unknown', 'int-unknown', 'a,b']), {
    summaries: [],
    partialFailures: [
      { interactionId: 'int-unknown', reason: 'Summary not found' },
      { interactionId: 'a,b', reason: 'Summary not found' },
    ],
  });
});

test('the interactions of another tenant are unknown', async () => {
  const [id] = (await summariesOf(fifty)).summaries.map((summary) => summary.interactionId);
  const path = `/v1/public/tenants/${TENANTS.acmeUk.tenantId}/transcript-summaries`;
  const response = await fetch(`${sandbox.baseUrls.uk}${path}?interactionId=${id}`, {
    headers: { 'x-api-key': KEYS.acme },
  });
  assert.deepEqual(await response.json(), {
    summaries: [],
    partialFailures: [{ interactionId: id, reason: 'Summary not found' }],
  });
});
