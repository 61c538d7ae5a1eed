// The vendor's keys: where they come from, what is refused, and equal budgets for equal keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf, hash, load, problemsOf } from './sources.ts';

function tenants(...settings: string[]): string {
  const entries = settings.map((more, at) => `  t${at}: { tenantId: t, region: us, ${more} }`);
  const app = `{ keys: ["${hash(1)}"], tenants: "*", quota: { requests: 1, per: 1s } }`;
  return `tenants:\n${entries.join('\n')}\napps:\n  desk: ${app}\n`;
}

test('keys come from variables and files, in the order given, without blanks around them', () => {
  const { secrets } = load({
    yaml: tenants('apiKeys: [{ file: /k1 }, { env: K2 }, { env: K3 }, { env: lower }]'),
    env: { K2: ' eght_2 ', K3_FILE: '/k3', lower: 'eght_4' },
    files: { '/k1': 'eght_1\n', '/k3': '\r\neght_3\r\n' },
  });
  assert.deepEqual(secrets.vendorKeys('t0'), ['eght_1', 'eght_2', 'eght_3', 'eght_4']);
});

test('a key that cannot be had is told at its place', () => {
  const problems = problemsOf({
    yaml: tenants(
      'apiKeys: [{ env: UNSET }, { env: EMPTY }, { env: BOTH }, { env: LOST }, ' +
        '{ file: /lost }, { file: /empty }]',
    ),
    env: { EMPTY: '', BOTH: 'a', BOTH_FILE: '/a', LOST_FILE: '/lost' },
    files: { '/a': 'a', '/empty': '\n' },
  });
  assert.deepEqual(problems, [
    'config.yaml:2 tenants.t0.apiKeys[0].env names UNSET, which is not set',
    'config.yaml:2 tenants.t0.apiKeys[1].env names EMPTY, which is not set',
    'config.yaml:2 tenants.t0.apiKeys[2].env needs BOTH, which is set, and so is BOTH_FILE',
    'config.yaml:2 tenants.t0.apiKeys[3].env needs LOST_FILE, ' +
      'which names a file that cannot be read (ENOENT)',
    'config.yaml:2 tenants.t0.apiKeys[4].file names a file that cannot be read (ENOENT)',
    'config.yaml:2 tenants.t0.apiKeys[5].file names a file that is empty',
  ]);
});

test('a key is one line of printable ASCII without blanks', () => {
  for (const value of ['two words', 'two\nlines', 'kéy', 'a\u0000b', 'a\u007fb']) {
    const faults = faultsOf({ yaml: tenants('apiKeys: [{ env: K }]'), env: { K: value } });
    assert.deepEqual(
      faults.map(({ problem }) => problem),
      ['leads to something that is not a key'],
      JSON.stringify(value),
    );
    assert.ok(!JSON.stringify(faults).includes(JSON.stringify(value).slice(1, -1)));
  }
});

test('a key in the place of a reference is refused, and not repeated', () => {
  const written = [
    'eght_sesame',
    '[eght_sesame]',
    '[{ env: eght_sesame }]',
    '[{ env: eght-sesame }]',
    '[{ file: eght_sesame }]',
    '[{ key: eght_sesame }]',
    '[{ eght_sesame: }]',
    '[{ env: A, file: eght_sesame }]',
    '{ env: eght_sesame }',
  ];
  for (const apiKeys of written) {
    const faults = faultsOf({ yaml: tenants(`apiKeys: ${apiKeys}`) });
    assert.equal(faults.length, 1, apiKeys);
    assert.doesNotMatch(JSON.stringify(faults), /sesame/, apiKeys);
  }
});

test('names of things that every object has are not variables', () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    const problems = problemsOf({ yaml: tenants(`apiKeys: [{ env: ${name} }]`) });
    assert.equal(problems.length, 1, name);
  }
});

test('tenants with the same key have the same budget', () => {
  const env = { A: 'same', B: 'same', C: 'other' };
  const [sixty, minute] = ['requests: 60', 'per: 60s'];
  const equal = tenants(
    `apiKeys: [{ env: A }], budget: { ${sixty}, per: 1m }`,
    `apiKeys: [{ env: B }], budget: { ${sixty}, ${minute} }`,
    `apiKeys: [{ env: C }], budget: { requests: 5, ${minute} }`,
  );
  assert.deepEqual(problemsOf({ yaml: equal, env }), []);
  const unequal = tenants(
    `apiKeys: [{ env: A }], budget: { ${sixty}, ${minute} }`,
    `apiKeys: [{ env: C }, { env: B }], budget: { requests: 61, ${minute} }`,
    'apiKeys: [{ env: A }]',
  );
  assert.deepEqual(problemsOf({ yaml: unequal, env }), [
    'config.yaml:3 tenants.t1.budget is not that of t0, which has the same key of the vendor',
    'config.yaml:4 tenants.t2.budget is not that of t0, which has the same key of the vendor',
  ]);
});

test('unequal budgets are told beside other faults', () => {
  const problems = problemsOf({
    yaml: tenants(
      'apiKeys: [{ env: A }], timeGrid: 5',
      'apiKeys: [{ env: A }], budget: { requests: 61, per: 1m }',
      'apiKeys: [{ env: A }], budget: { requests: 0, per: 1m }',
    ),
    env: { A: 'same' },
  });
  assert.deepEqual(problems, [
    'config.yaml:2 tenants.t0.timeGrid is not a duration of whole seconds from 1s to 1d',
    'config.yaml:3 tenants.t1.budget is not that of t0, which has the same key of the vendor',
    'config.yaml:4 tenants.t2.budget.requests is not a whole number of 1 or more',
  ]);
});
