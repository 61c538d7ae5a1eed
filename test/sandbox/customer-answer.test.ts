// The undocumented matters: order, which 50, bounds and the meaning of the range can be chosen.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CustomerAnswer, Habits } from '../../src/sandbox/customer-answer.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';

const nowAt = Date.UTC(2026, 6, 15, 9, 30);

type Range = { readonly startAt: number; readonly endAt: number };
type Interactions = CustomerAnswer['interactions'];

/** Asks a sandbox of these habits for the busy customer. */
async function asker(t: TestContext, habits: Partial<Habits>) {
  const sandbox = await createSandbox({ ...habits, now: () => nowAt });
  t.after(() => sandbox.close());
  return async (range?: Range): Promise<Interactions> => {
    const query = new URLSearchParams({ email: CUSTOMERS.busy.email });
    if (range !== undefined) {
      query.set('startTime', new Date(range.startAt).toISOString());
      query.set('endTime', new Date(range.endAt).toISOString());
    }
    const path = `/v1/public/tenants/${TENANTS.acme.tenantId}/interactions-insight?${query}`;
    const response = await fetch(sandbox.baseUrls.us + path, {
      headers: { 'x-api-key': KEYS.acme },
    });
    const answer: CustomerAnswer = JSON.parse(await response.text());
    return answer.interactions;
  };
}

const instantsOf = (list: Interactions): number[] => list.map((one) => one.startedAt);
const idsOf = (list: Interactions): string[] => list.map((one) => one.interactionId);

test('the order decides which 50 come, unless that is chosen too', async (t) => {
  const newest = await (await asker(t, {}))();
  const oldest = await (await asker(t, { order: 'oldest' }))();
  const shuffled = await (await asker(t, { order: 'shuffled' }))();
  const turned = await (await asker(t, { order: 'oldest', keeps: 'newest' }))();
  const descending = instantsOf(newest).sort((a, b) => b - a);
  const ascending = instantsOf(oldest).sort((a, b) => a - b);
  assert.deepEqual(instantsOf(newest), descending);
  assert.deepEqual(instantsOf(oldest), ascending);
  assert.ok((ascending.at(-1) ?? 0) < (descending.at(-1) ?? 0));
  assert.notDeepEqual(
    instantsOf(shuffled),
    instantsOf(shuffled).sort((a, b) => a - b),
  );
  assert.notDeepEqual(
    instantsOf(shuffled),
    instantsOf(shuffled).sort((a, b) => b - a),
  );
  assert.deepEqual(idsOf(turned).sort(), idsOf(newest).sort());
  assert.deepEqual(instantsOf(turned), descending.toReversed());
  assert.deepEqual(await (await asker(t, { order: 'shuffled' }))(), shuffled);
});

test('either bound of the range may belong to it or not', async (t) => {
  const instants = [...new Set(instantsOf(await (await asker(t, {}))()))];
  const [endAt = 0, middleAt = 0, startAt = 0] = instants;
  const range = { startAt, endAt };
  const found = async (bounds: Habits['bounds']): Promise<number[]> => [
    ...new Set(instantsOf(await (await asker(t, { bounds }))(range))),
  ];
  assert.deepEqual(await found('both'), [endAt, middleAt, startAt]);
  assert.deepEqual(await found('start'), [middleAt, startAt]);
  assert.deepEqual(await found('neither'), [middleAt]);
});

test('the range may be about the end of the interactions', async (t) => {
  const [first] = await (await asker(t, {}))();
  assert.ok(first?.endedAt);
  const range = { startAt: first.startedAt + 1, endAt: first.endedAt };
  const byStart = await (await asker(t, {}))(range);
  const byEnd = await (await asker(t, { rangeOf: 'endedAt' }))(range);
  assert.ok(!idsOf(byStart).includes(first.interactionId));
  assert.ok(idsOf(byEnd).includes(first.interactionId));
});
