// Transcript summaries: reading a request for them, and what the vendor's answer means for each id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parametersFromBody, parametersFromQuery } from '../../src/domain/parameters.ts';
import {
  readSummariesRequest,
  summariesAnswer,
  summaryResults,
  unavailableResults,
} from '../../src/domain/summaries.ts';
import { faultsOf, tenantWith } from '../support/queries.ts';

const tenant = tenantWith();
const fromQuery = (text: string) => readSummariesRequest(parametersFromQuery(text), tenant);
const fromBody = (body: object) => readSummariesRequest(parametersFromBody({ ...body }), tenant);
const many = (count: number) => Array.from({ length: count }, (_, index) => `int-${index}`);

test('ids are repeated in a query string and never split, an array in a body, each asked for once', () => {
  const query = fromQuery('interactionId=a,b&interactionId=%20c%20&interactionId=c');
  assert.deepEqual(query.interactionIds, ['a,b', 'c']);
  assert.deepEqual(fromBody({ interactionIds: ['a,b', 'c'] }).interactionIds, ['a,b', 'c']);
});

test('one to two hundred ids', () => {
  assert.equal(fromBody({ interactionIds: many(200) }).interactionIds.length, 200);
  assert.deepEqual(
    faultsOf(() => fromBody({ interactionIds: many(201) })),
    ['interactionIds ids-count'],
  );
  assert.deepEqual(
    faultsOf(() => fromBody({ interactionIds: [] })),
    ['interactionIds ids-count'],
  );
  assert.deepEqual(
    faultsOf(() => fromBody({})),
    ['interactionIds ids-count'],
  );
  assert.deepEqual(
    faultsOf(() => fromQuery('')),
    ['interactionId ids-count'],
  );
});

test('faults of ids, types and unknown parameters are told together', () => {
  assert.deepEqual(
    faultsOf(() => fromQuery('interactionId=&email=a')),
    ['interactionId id-invalid', 'email parameter-unknown'],
  );
  assert.deepEqual(
    faultsOf(() => fromBody({ interactionIds: 'a', interactionId: 'a' })),
    ['interactionIds parameter-type', 'interactionId parameter-unknown'],
  );
  assert.deepEqual(
    faultsOf(() => fromBody({ interactionIds: ['a', null] })),
    ['interactionIds parameter-type'],
  );
  assert.deepEqual(
    faultsOf(() => fromBody({ interactionIds: ['a'.repeat(257)] })),
    ['interactionIds id-invalid'],
  );
});

test('each id has a summary or a reason, in the order asked', () => {
  const vendor = { text: 'Paid.', status: 'success', type: 'summary', durationSeconds: 185.5 };
  const results = summaryResults(['a', 'b', 'c', 'd', 'e'], {
    summaries: [
      { interactionId: 'b', ...vendor, createdAt: Date.UTC(2025, 7, 15, 14, 30) },
      { interactionId: 'a', ...vendor, createdAt: null },
    ],
    failures: [
      { interactionId: 'c', reason: 'Summary not found' },
      { interactionId: 'd', reason: 'Summary not available' },
    ],
  });
  assert.deepEqual(summariesAnswer({ tenant, interactionIds: [], owner: null }, results), {
    tenant: 'acme',
    summaries: [
      { interactionId: 'a', ...vendor, createdAt: null },
      { interactionId: 'b', ...vendor, createdAt: '2025-08-15T14:30:00.000Z' },
    ],
    failures: [
      { interactionId: 'c', reason: 'not-found' },
      { interactionId: 'd', reason: 'unavailable' },
      { interactionId: 'e', reason: 'unavailable' },
    ],
  });
  assert.deepEqual(unavailableResults(['a']), [{ id: 'a', reason: 'unavailable' }]);
});

test('each kind of fault of a list is told once, and its count too', () => {
  const mixed = { interactionIds: ['a', '', null, '', 7] };
  assert.deepEqual(
    faultsOf(() => fromBody(mixed)),
    ['interactionIds id-invalid', 'interactionIds parameter-type'],
  );
  const tooMany = { interactionIds: [...many(200), 'a'.repeat(257)] };
  assert.deepEqual(
    faultsOf(() => fromBody(tooMany)),
    ['interactionIds ids-count', 'interactionIds id-invalid'],
  );
});
