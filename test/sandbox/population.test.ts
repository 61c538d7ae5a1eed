// What the standard population promises, as seen through the API.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { CustomerAnswer } from '../../src/sandbox/customer-answer.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { standardPopulation } from '../../src/sandbox/population.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { KEYS, type StandardTenant, TENANTS } from '../../src/sandbox/tenants.ts';

const DAY_MS = 86_400_000;
const nowAt = Date.UTC(2026, 6, 15, 9, 30);
const sandbox = await createSandbox({ now: () => nowAt });
after(() => sandbox.close());

async function read(
  parameters: Record<string, string>,
  tenant: StandardTenant = TENANTS.acme,
  from: Sandbox = sandbox,
): Promise<string> {
  const path = `/v1/public/tenants/${tenant.tenantId}/interactions-insight`;
  const query = new URLSearchParams(parameters);
  const response = await fetch(`${from.baseUrls[tenant.region]}${path}?${query}`, {
    headers: { 'x-api-key': KEYS[tenant.account] },
  });
  assert.equal(response.status, 200);
  return response.text();
}

async function ask(...args: Parameters<typeof read>): Promise<CustomerAnswer> {
  return JSON.parse(await read(...args));
}

test('one customer has 340 interactions in the last year, which come 50 at a time', async () => {
  const ids = new Set<string>();
  const { email } = CUSTOMERS.busy;
  for (let endAt = nowAt; endAt > nowAt - 360 * DAY_MS; endAt -= 10 * DAY_MS) {
    const startTime = new Date(endAt - 10 * DAY_MS).toISOString();
    const answer = await ask({ email, startTime, endTime: new Date(endAt).toISOString() });
    assert.ok(answer.interactions.length < 50);
    for (const { interactionId } of answer.interactions) ids.add(interactionId);
  }
  assert.equal(ids.size, 340);
  assert.equal((await ask({ email })).interactions.length, 50);
});

test('one customer has exactly 50, one none, and one 20 before the last year', async () => {
  assert.equal((await ask({ email: CUSTOMERS.fifty.email })).interactions.length, 50);
  const beforeTheLast = { email: CUSTOMERS.fifty.email, endTime: '2025-07-15T00:00:00Z' };
  assert.equal((await ask(beforeTheLast)).interactions.length, 0);
  assert.deepEqual(await ask({ email: CUSTOMERS.none.email }), { interactions: [], insights: {} });
  assert.equal((await ask({ email: CUSTOMERS.veteran.email })).interactions.length, 5);
});

test('several customers are found by all four strategies', async () => {
  for (const customer of [CUSTOMERS.busy, CUSTOMERS.fifty, CUSTOMERS.zoe]) {
    const { email, phoneNumber, contactId, accountId } = customer;
    const byEmail = await ask({ email });
    assert.ok(byEmail.interactions.length > 0);
    assert.deepEqual(await ask({ phoneNumber }), byEmail);
    assert.deepEqual(await ask({ contactId, crmId: 'native' }), byEmail);
    assert.deepEqual(await ask({ accountId }), byEmail);
    assert.deepEqual(await ask({ accountId, crmId: 'native' }), byEmail);
  }
});

test('an account holds the interactions of all its contacts', async () => {
  const ofAda = (await ask({ email: CUSTOMERS.ada.email })).interactions;
  const ofGrace = (await ask({ email: CUSTOMERS.grace.email })).interactions;
  const ofBoth = (await ask({ accountId: CUSTOMERS.ada.accountId })).interactions;
  const ids = (list: CustomerAnswer['interactions']) => list.map((one) => one.interactionId).sort();
  assert.deepEqual(ids(ofBoth), ids([...ofAda, ...ofGrace]));
});

test('without Speech Analytics there are no insights, sentiments and topics', async () => {
  const answer = await ask({ email: CUSTOMERS.busy.email }, TENANTS.globex);
  assert.equal(answer.insights, null);
  assert.equal(answer.interactions.length, 50);
  for (const interaction of answer.interactions) {
    assert.ok(!('sentiment' in interaction) && !('topics' in interaction));
  }
  assert.equal((await ask({ email: CUSTOMERS.none.email }, TENANTS.globex)).insights, null);
});

test('insights are the aggregates of the interactions that came', async () => {
  const { interactions, insights } = await ask({ email: CUSTOMERS.busy.email });
  const analysed = interactions.filter((one) => one.sentiment !== undefined);
  assert.ok(analysed.length > 0 && analysed.length < 50);
  assert.equal(insights?.aggregatedSentiments?.totalInteractions, analysed.length);
  const topics = insights.aggregatedTopics;
  const [first] = topics?.topicFrequency ?? [];
  assert.ok(topics && first);
  const matched = interactions.filter((one) =>
    one.topics?.some(({ topic }) => topic === first.topicName),
  ).length;
  assert.equal(first.interactionsMatchedCount, matched);
  const percentage = (100 * matched) / topics.totalInteractions;
  assert.ok(Math.abs(first.percentageMatched - percentage) <= 0.05);
});

test('nulls and absent fields are where the vendor has them', async () => {
  const { interactions } = await ask({ email: CUSTOMERS.busy.email });
  const some = (holds: (one: (typeof interactions)[number]) => boolean): boolean =>
    interactions.some(holds) && !interactions.every(holds);
  assert.ok(some((one) => one.contactId === undefined));
  assert.ok(some((one) => one.queueName === null));
  assert.ok(some((one) => one.title === null));
  assert.ok(some((one) => one.emailSubject === null));
  assert.ok(some((one) => one.outcomeLabel === undefined));
  assert.ok(some((one) => one.chatType === undefined));
  assert.ok(some((one) => one.wrapUpCodes.length === 0));
  assert.ok(some((one) => one.topics?.some(({ matches }) => matches === null) ?? false));
  assert.ok(interactions.every((one) => one.departmentName === null && one.signals.length === 0));
  assert.deepEqual(new Set(interactions.map((one) => one.mediaType)).size, 4);
  assert.deepEqual(new Set(interactions.map((one) => one.direction)).size, 2);
  assert.deepEqual(new Set(interactions.map((one) => one.productType)).size, 3);
});

test('one interaction goes on, some begin together, and all the others have ended', async () => {
  const ada = (await ask({ email: CUSTOMERS.ada.email })).interactions;
  assert.equal(ada.filter((one) => one.endedAt === undefined).length, 1);
  assert.equal(ada[0]?.endedAt, undefined);
  assert.equal(new Set(ada.map((one) => one.startedAt)).size, 11);
  for (const { startedAt, endedAt = startedAt } of ada) {
    assert.ok(Number.isInteger(startedAt) && startedAt <= endedAt && endedAt < nowAt);
  }
});

test('55 interactions of one customer begin in the same millisecond', async () => {
  const { email } = CUSTOMERS.flood;
  const newest = (await ask({ email })).interactions;
  assert.equal(new Set(newest.map((one) => one.startedAt)).size, 1);
  assert.equal(newest.length, 50);
  const endTime = new Date((newest[0]?.startedAt ?? 0) - 1).toISOString();
  assert.equal((await ask({ email, endTime })).interactions.length, 15);
});

test('one customer has voicemails spelled otherwise, and half of the insights', async () => {
  const { phoneNumber } = CUSTOMERS.voiceMail;
  const { interactions, insights } = await ask({ phoneNumber });
  assert.equal(interactions.length, 4);
  assert.ok(interactions.every((one) => one.mediaType === 'VoiceMail'));
  assert.ok(insights?.aggregatedSentiments);
  assert.equal(insights.aggregatedTopics, undefined);
});

test('names, queues, topics and an address are not ASCII', async () => {
  const { email, otherEmail } = CUSTOMERS.zoe;
  const text = await read({ email });
  assert.equal(await read({ email: otherEmail }), text);
  assert.match(text, /Zoë Kröger/);
  assert.match(text, /"mediaIdentifier":"zoë@/);
  const busy = await ask({ email: CUSTOMERS.busy.email });
  const isForeign = (value: string | null): boolean => /[^\0-\x7f]/.test(value ?? '');
  assert.ok(busy.interactions.some((one) => isForeign(one.queueName)));
  assert.ok(busy.interactions.some((one) => one.topics?.some(({ topic }) => isForeign(topic))));
});

test('a customer differs from tenant to tenant, and one is known to one alone', async () => {
  const { email } = CUSTOMERS.ada;
  const answers = [];
  for (const tenant of Object.values(TENANTS)) answers.push(await ask({ email }, tenant));
  const ids = answers.flatMap((answer) => answer.interactions.map((one) => one.interactionId));
  assert.equal(new Set(ids).size, 4 * 12);
  assert.equal((await ask({ email: CUSTOMERS.local.email })).interactions.length, 3);
  const elsewhere = await ask({ email: CUSTOMERS.local.email }, TENANTS.acmeUk);
  assert.equal(elsewhere.interactions.length, 0);
});

test('two sandboxes of a day answer alike; another day moves the instants alone', async (t) => {
  const later = await createSandbox({ now: () => nowAt + 3_600_000 });
  t.after(() => later.close());
  for (const { phoneNumber } of Object.values(CUSTOMERS)) {
    const query = { phoneNumber };
    assert.equal(await read(query, TENANTS.acme, later), await read(query));
  }
  const nextDay = JSON.stringify(standardPopulation(nowAt + DAY_MS), movedBack);
  assert.equal(nextDay, JSON.stringify(standardPopulation(nowAt)));
});

function movedBack(name: string, value: unknown): unknown {
  const isInstant = name === 'startedAt' || name === 'endedAt';
  return isInstant && typeof value === 'number' ? value - DAY_MS : value;
}
