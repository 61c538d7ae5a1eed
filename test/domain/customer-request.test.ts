// The canonical query: every fault at once, one query for every spelling, and nothing thrown but a problem.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import type { CustomerRequest } from '../../src/domain/customer-request.ts';
import { isProblem } from '../../src/domain/problem.ts';
import {
  canonicalBody,
  faultListOf,
  faultsOf,
  NOW,
  readBody,
  readQuery,
  tenantWith,
} from '../support/queries.ts';

const WHO = 'email=ann@example.com';

test('all faults of a request come in one reply', () => {
  const query =
    'phoneNumber=x&crmId=native&startTime=2026-06-01&endTime=&include=notes&fields=nope&page=2&limit=5&crmId=y';
  assert.deepEqual(
    faultsOf(() => readQuery(query)),
    [
      'phoneNumber phone-invalid',
      'crmId parameter-repeated',
      'limit parameter-conflict',
      'startTime time-invalid',
      'endTime time-invalid',
      'include include-unknown',
      'fields field-unknown',
      'page parameter-unknown',
    ],
  );
});

test('lists are comma-separated or repeated in a query string, arrays in a body', () => {
  const fields = (request: CustomerRequest) => [...(request.fields ?? [])];
  assert.deepEqual(fields(readQuery(`${WHO}&fields=id,%20topics&fields=queue`)), [
    'id',
    'topics',
    'queue',
  ]);
  assert.deepEqual(fields(readBody({ email: 'a@b.example', fields: ['id', 'topics'] })), [
    'id',
    'topics',
  ]);
  assert.equal(readQuery(WHO).fields, null);
  assert.equal(readQuery(`${WHO}&include=summaries`).query.summaries, true);
  assert.equal(readBody({ email: 'a@b.example', include: ['summaries'] }).query.summaries, true);
  assert.equal(readQuery(WHO).query.summaries, false);
});

test('`summary` may be named among the fields where summaries are included', () => {
  assert.deepEqual([...(readQuery(`${WHO}&include=summaries&fields=summary`).fields ?? [])], []);
  assert.deepEqual(
    faultsOf(() => readQuery(`${WHO}&fields=summary`)),
    ['fields field-unknown'],
  );
});

test('values of the wrong type are faults of their own', () => {
  const wrong = [null, 1, true, {}, ['a'], { text: 'a', literal: 'a' }];
  for (const name of [
    'email',
    'phoneNumber',
    'contactId',
    'accountId',
    'customer',
    'crmId',
    'startTime',
    'endTime',
    'last',
  ]) {
    for (const value of wrong) {
      const faults = faultsOf(() => readBody({ email: 'a@b.example', [name]: value }));
      assert.ok(faults.includes(`${name} parameter-type`), `${name} ${JSON.stringify(value)}`);
    }
  }
  for (const name of ['include', 'fields']) {
    for (const value of [null, 1, 'summaries', {}, [1], [null], [['summaries']]]) {
      const faults = faultsOf(() => readBody({ email: 'a@b.example', [name]: value }));
      assert.deepEqual(faults, [`${name} parameter-type`], `${name} ${JSON.stringify(value)}`);
    }
  }
});

test('an empty list, item or value counts as given', () => {
  assert.deepEqual(
    faultsOf(() => readQuery(`${WHO}&include=`)),
    ['include include-unknown'],
  );
  assert.deepEqual(
    faultsOf(() => readQuery(`${WHO}&include=summaries,`)),
    ['include include-unknown'],
  );
  assert.deepEqual(
    faultsOf(() => readQuery(`${WHO}&fields`)),
    ['fields field-unknown'],
  );
  assert.deepEqual(
    faultsOf(() => readBody({ email: 'a@b.example', fields: [] })),
    ['fields field-unknown'],
  );
});

test('no fault repeats a value, and a name is shown only if it cannot be one', () => {
  const marked = 'marked-value-4155550140';
  const query = [
    'email',
    'phoneNumber',
    'contactId',
    'customer',
    'crmId',
    'startTime',
    'last',
    'fields',
  ]
    .map((name) => `${name}=${marked}%00`)
    .concat(`${marked}=1`, 'ann@example.com=1', '%FF=1')
    .join('&');
  const faults = faultListOf(() => readQuery(query));
  assert.ok(faults.length > 8);
  assert.doesNotMatch(JSON.stringify(faults), /4155550140|ann@/);
});

test('a flood of unknown parameters is told in part', () => {
  const query = Array.from({ length: 500 }, (_, index) => `p${index}=1`).join('&');
  assert.equal(faultListOf(() => readQuery(`${WHO}&${query}`)).length, 20);
});

// What a caller might write, right or wrong, as the value of any parameter.
const recent = fc
  .integer({ min: NOW - 3 * 365 * 86_400_000, max: NOW + 86_400_000 })
  .map((at) => new Date(at).toISOString());
const any = fc
  .tuple(
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.constantFrom('Z', '+00:00', '-00:00', '+14:00', '-23:59', '+23:59'),
  )
  .map(([date, zone]) => date.toISOString().replace('Z', zone));
const instant = fc.oneof({ weight: 3, arbitrary: recent }, any);
const valid = {
  email: fc.emailAddress(),
  phoneNumber: fc.constantFrom('+14155550140', '(415) 555-0140', '+44 20 7946 0958'),
  contactId: fc.string({ minLength: 1, maxLength: 12 }),
  accountId: fc.string({ minLength: 1, maxLength: 12 }),
};
const who = fc.oneof(
  ...Object.entries(valid).map(([name, value]) => value.map((text) => ({ [name]: text }))),
);
const when = fc.oneof(
  fc.constant({}),
  fc.constantFrom('P1Y', 'P30D', 'PT36H', 'P2W', 'P1M').map((last) => ({ last })),
  instant.map((startTime) => ({ startTime })),
  instant.map((endTime) => ({ endTime })),
  fc.tuple(instant, instant).map(([startTime, endTime]) => ({ startTime, endTime })),
);
const extra = fc.constantFrom({}, { include: ['summaries'] }, { fields: ['topics', 'id'] });
const request = fc.tuple(who, when, extra).map((parts) => Object.assign({}, ...parts));

function attempt(reading: () => CustomerRequest): CustomerRequest | undefined {
  try {
    return reading();
  } catch (error) {
    assert.ok(isProblem(error, 'invalid-request'), String(error));
    return undefined;
  }
}

test('a canonical query normalizes to itself', () => {
  let normalized = 0;
  fc.assert(
    fc.property(request, fc.constantFrom(1_000, 60_000, 3_600_000), (body, timeGridMs) => {
      const options = { tenant: tenantWith({ timeGridMs }) };
      const first = attempt(() => readBody(body, options));
      if (first === undefined) return;
      normalized += 1;
      assert.deepEqual(readBody(canonicalBody(first), options), first);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(normalized > 1_000);
});

test('a query string and a body that say the same are the same query', () => {
  fc.assert(
    fc.property(request, (body) => {
      const queryString = Object.entries(body)
        .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
        .join('&');
      assert.deepEqual(
        attempt(() => readQuery(queryString)),
        attempt(() => readBody(body)),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('no input of any kind throws anything but a problem', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'email',
      'phoneNumber',
      'contactId',
      'accountId',
      'customer',
      'crmId',
      'tenant',
    ),
    fc.constantFrom(
      'startTime',
      'endTime',
      'last',
      'include',
      'fields',
      '__proto__',
      'constructor',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const nasty = fc.constantFrom(
    '%00',
    '%zz',
    '%ED%A0%80',
    '../',
    '\r\n',
    '\u202e',
    '+',
    '%2B',
    'tel:',
    '\ud800',
  );
  const text = fc.oneof(fc.string({ unit: 'binary' }), nasty, instant, fc.emailAddress());
  const pairs = fc.array(fc.tuple(name, text).map(([key, value]) => `${key}=${value}`));
  fc.assert(
    fc.property(pairs, (items) => void attempt(() => readQuery(items.join('&')))),
    { numRuns: 3_000 },
  );
  const body = fc.dictionary(name, fc.oneof(text, fc.jsonValue()), { noNullPrototype: true });
  fc.assert(
    fc.property(body, (value) => void attempt(() => readBody(value))),
    { numRuns: 3_000 },
  );
});

test('two different queries never share a key, and one query always has the same', () => {
  const keys = createCacheKeys(Buffer.alloc(32, 1));
  const nameOf = ({ query }: CustomerRequest) => {
    const key = (query.summaries ? keys.joined : keys.range)(query);
    return `${key.identity} ${key.kind} ${key.field}`;
  };
  const tenant = fc.constantFrom(
    tenantWith(),
    tenantWith({ name: 'acme-uk', region: 'uk' }),
    tenantWith({ tenantId: 'other' }),
    tenantWith({ region: 'ca' }),
    tenantWith({ emailCaseSensitive: true }),
  );
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(request, tenant, (body, at) => {
      const read = attempt(() => readBody(body, { tenant: at }));
      if (read === undefined) return;
      const { tenantId, region, name } = read.query.tenant;
      const content = JSON.stringify([name, tenantId, region, { ...read.query, tenant: null }]);
      const key = nameOf(read);
      assert.equal(seen.get(key) ?? content, content);
      seen.set(key, content);
    }),
    { numRuns: 3_000 },
  );
  assert.equal(new Set(seen.values()).size, seen.size);
});
