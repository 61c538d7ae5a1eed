// Selecting fields: the same bytes from the thread as from here, and the process is free meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createFieldSelector } from '../../src/cache/field-selector.ts';
import { customerFrom } from '../../src/domain/customer.ts';
import { selectFields } from '../../src/domain/customer-view.ts';
import type { InteractionField } from '../../src/domain/interaction.ts';
import { readQuery } from '../support/queries.ts';
import { vendorCustomer, vendorInteraction } from '../support/vendor.ts';

const { query } = readQuery('email=customer@example.com');

function customerOf(interactions: number) {
  return customerFrom(
    query,
    vendorCustomer(
      Array.from({ length: interactions }, (_, index) =>
        vendorInteraction(`int-${index}`, { queueName: `Warteschlange für ${index}` }),
      ),
    ),
  );
}

const selection = {
  fields: new Set<InteractionField>(['queue', 'address']),
  hide: new Set(['address']),
};

for (const [size, interactions] of [
  ['small', 3],
  ['large', 2_000],
] as const) {
  test(`a ${size} answer has the fields that the selection shows`, async () => {
    const customer = customerOf(interactions);
    const select = createFieldSelector();
    const body = Buffer.from(JSON.stringify(customer));
    const before = Buffer.from(body);
    const selected = await Promise.all([select(body, selection), select(body, selection)]);
    for (const bytes of selected) {
      const expected = JSON.stringify(selectFields(customer, selection));
      assert.equal(Buffer.from(bytes).toString(), expected);
    }
    assert.deepEqual(body, before);
  });
}

test('while a large one is being selected, other work goes on', async () => {
  const select = createFieldSelector();
  let isDone = false;
  const selecting = select(Buffer.from(JSON.stringify(customerOf(2_000))), selection).then(() => {
    isDone = true;
  });
  await turn();
  assert.equal(isDone, false);
  await selecting;
});

test('where the thread fails it is done here, and the next one has a new thread', async () => {
  const select = createFieldSelector();
  const body = Buffer.from(JSON.stringify(customerOf(2_000)));
  const broken = Buffer.alloc(body.length, '{');
  await assert.rejects(select(broken, selection), SyntaxError);
  assert.ok((await select(body, selection)).length > 0);
});

test('however many ask, there is one copy of an answer at a time', async ({ mock }) => {
  const posted = mock.method(Worker.prototype, 'postMessage');
  const select = createFieldSelector();
  const body = Buffer.from(JSON.stringify(customerOf(2_000)));
  const selecting = Array.from({ length: 20 }, () => select(body, selection));
  await selecting[0];
  const begun = posted.mock.callCount();
  assert.ok(begun <= 2, String(begun));
  await Promise.all(selecting);
  assert.equal(posted.mock.callCount(), 20);
});
