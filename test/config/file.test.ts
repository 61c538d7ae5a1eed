// config.yaml, rule by rule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf, hash, load, type Parts, problemsOf } from './sources.ts';

/** That exactly these problems are told, whatever the line. */
function refused(parts: Parts, ...expected: string[]): void {
  const problems = problemsOf(parts).map((text) => text.replace(/^config\.yaml:\d+ /, ''));
  assert.deepEqual(problems, expected, JSON.stringify(parts));
}

test('the smallest configuration is correct', () => {
  refused({});
});

test('an unknown key is a fault anywhere, and the nearest known one is named', () => {
  refused({ more: 'regoins: {}' }, 'regoins is not known here');
  refused({ more: 'regions: { eu: x }' }, 'regions.eu is not known here');
  refused({ tenant: '    constructor: 1' }, 'tenants.acme.constructor is not known here');
  refused({ tenant: '    freshness: { opn: 1m }' }, 'tenants.acme.freshness.opn is not known here');
  refused({ more: 'history: { maxcalls: 1 }' }, 'history.maxcalls is not known here');
  for (const [key, name] of [
    ['user-quota', 'userQuota'],
    ['user_quota', 'userQuota'],
    ['orgins', 'origins'],
    ['hied', 'hide'],
    ['scope', 'scopes'],
  ]) {
    const [fault] = faultsOf({ app: `    ${key}: 1` });
    assert.match(fault?.mend ?? '', new RegExp(`^Write ${name} if that is meant\\.`));
  }
  const [far] = faultsOf({ app: '    secret: 1' });
  assert.match(far?.mend ?? '', /^Remove it\. Known here: keys, tenants, scopes, quota,/);
});

test('tenants and apps are required, one of each at least', () => {
  refused({ yaml: '{}' }, 'tenants is missing', 'apps is missing');
  refused({ yaml: 'tenants: {}\napps: {}' }, 'tenants is empty', 'apps is empty');
  refused({ yaml: 'tenants:\napps: []' }, 'tenants is empty', 'apps is not a mapping');
  assert.deepEqual(problemsOf({ yaml: '' }), ['config.yaml:1 is empty']);
  assert.deepEqual(problemsOf({ yaml: '- a' }), ['config.yaml:1 is not a mapping']);
});

test('what a tenant and an app cannot do without is required', () => {
  refused(
    { yaml: 'tenants: { acme: {} }\napps: { desk: {} }' },
    'tenants.acme.tenantId is missing',
    'tenants.acme.region is missing',
    'tenants.acme.apiKeys is missing',
    'apps.desk.keys is missing',
    'apps.desk.tenants is missing',
    'apps.desk.quota is missing',
  );
});

test('names of tenants and apps', () => {
  const yaml = (tenant: string, app: string): string =>
    `tenants: { ${tenant}: { tenantId: t, region: us, apiKeys: [{ env: ACME_KEY }] } }
apps: { ${app}: { keys: ["${hash(1)}"], tenants: "*", quota: { requests: 1, per: 1s } } }`;
  for (const name of ['a', '0', 'a-', 'a-b-1', 'a'.repeat(63), '123', 'constructor']) {
    refused({ yaml: yaml(name, name) });
  }
  for (const name of ['A', '-a', 'a_b', 'a.b', 'a'.repeat(64), '"a b"', '""', 'é']) {
    const problems = problemsOf({ yaml: yaml(name, name) });
    assert.equal(problems.length, 2, name);
    for (const problem of problems) assert.match(problem, /is not a name$/);
  }
});

test('a bad name does not hide what is wrong below it', () => {
  const problems = problemsOf({
    yaml: `tenants: { Acme: { tenantId: t, region: eu, apiKeys: [{ env: ACME_KEY }] } }
apps: { desk: { keys: ["${hash(1)}"], tenants: [Acme], quota: { requests: 1, per: 1s } } }`,
  });
  assert.deepEqual(problems, [
    'config.yaml:1 tenants.Acme is not a name',
    'config.yaml:1 tenants.Acme.region is not a value known here',
  ]);
});

function tenant(settings: string): Parts {
  const app = `{ keys: ["${hash(1)}"], tenants: "*", quota: { requests: 1, per: 1s } }`;
  return { yaml: `tenants: { acme: { ${settings} } }\napps: { desk: ${app} }` };
}

test("the vendor's tenant id", () => {
  const rest = 'region: us, apiKeys: [{ env: ACME_KEY }]';
  for (const id of ['a', 'acvcc1652', '"123"', 'A.b_c-d', 'a'.repeat(128)]) {
    refused(tenant(`tenantId: ${id}, ${rest}`));
  }
  for (const id of ['123', 'a/b', '.a', '"a b"', 'a'.repeat(129), 'true', '[a]', '"a\\n"']) {
    const problem = 'tenants.acme.tenantId is not an identifier of the vendor';
    refused(tenant(`tenantId: ${id}, ${rest}`), problem);
  }
});

test('the region and the keys of a tenant', () => {
  const keys = 'apiKeys: [{ env: ACME_KEY }]';
  for (const region of ['us', 'uk', 'ca', 'ap'])
    refused(tenant(`tenantId: t, region: ${region}, ${keys}`));
  for (const region of ['eu', 'US', '1']) {
    const problem = 'tenants.acme.region is not a value known here';
    refused(tenant(`tenantId: t, region: ${region}, ${keys}`), problem);
  }
  const empty = tenant('tenantId: t, region: us, apiKeys: []');
  refused(empty, 'tenants.acme.apiKeys is an empty list');
});

test('the country of a tenant', () => {
  for (const code of ['US', 'GB', 'NO']) refused({ tenant: `    defaultCountry: ${code}` });
  for (const code of ['us', 'UK', 'ZZ', 'USA', '1', 'constructor', '"US "']) {
    const problem = 'tenants.acme.defaultCountry is not a country that has phone numbers';
    refused({ tenant: `    defaultCountry: ${code}` }, problem);
  }
});

test('switches, grids and freshness of a tenant', () => {
  refused({ tenant: '    emailCaseSensitive: true\n    timeGrid: 1d\n    freshness:' });
  for (const value of ['yes', '"true"', '1']) {
    const problem = 'tenants.acme.emailCaseSensitive is neither true nor false';
    refused({ tenant: `    emailCaseSensitive: ${value}` }, problem);
  }
  for (const value of ['0s', '999ms', '1500ms', '2d', '60']) {
    const problem = 'tenants.acme.timeGrid is not a duration of whole seconds from 1s to 1d';
    refused({ tenant: `    timeGrid: ${value}` }, problem);
  }
  for (const name of ['open', 'closed', 'settle', 'staleWhileRevalidate', 'staleIfError']) {
    refused({ tenant: `    freshness: { ${name}: 0s }` });
    const problem = `tenants.acme.freshness.${name} is not a duration from 0s to 3650d`;
    for (const value of ['60', '-1s', '3651d']) {
      refused({ tenant: `    freshness: { ${name}: ${value} }` }, problem);
    }
  }
});

test('budgets and quotas', () => {
  refused({ tenant: '    budget: { requests: 1, per: 1s }' });
  for (const [place, part] of [
    ['tenants.acme.budget', 'tenant'],
    ['apps.desk.userQuota', 'app'],
  ] as const) {
    const name = place.split('.').at(-1);
    const set = (value: string): Parts => ({ [part]: `    ${name}: ${value}` });
    refused(set('{ requests: 1 }'), `${place}.per is missing`);
    refused(set('{ per: 1s }'), `${place}.requests is missing`);
    refused(set('60'), `${place} is not a mapping`);
    refused(set('{ requests: 1, per: 999ms }'), `${place}.per is not a duration from 1s to 3650d`);
    for (const requests of ['0', '-1', '1.5', '"1"', '.inf', '1e300']) {
      const problem = `${place}.requests is not a whole number of 1 or more`;
      refused(set(`{ requests: ${requests}, per: 1s }`), problem);
    }
  }
});

function app(settings: string): Parts {
  const acme = '{ tenantId: t, region: us, apiKeys: [{ env: ACME_KEY }] }';
  return {
    yaml: `tenants: { acme: ${acme}, globex: ${acme} }
apps: { desk: { quota: { requests: 1, per: 1s }, ${settings} } }`,
  };
}

test('the tenants of an app', () => {
  const keys = `keys: ["${hash(1)}"]`;
  const of = (parts: Parts): string[] => [...(load(parts).apps[0]?.caller.tenants ?? [])];
  assert.deepEqual(of(app(`${keys}, tenants: "*"`)), ['acme', 'globex']);
  assert.deepEqual(of(app(`${keys}, tenants: [globex]`)), ['globex']);
  refused(
    app(`${keys}, tenants: [acme, other]`),
    'apps.desk.tenants[1] is not a tenant of this file',
  );
  refused(app(`${keys}, tenants: ["*"]`), 'apps.desk.tenants[0] is not a tenant of this file');
  refused(app(`${keys}, tenants: []`), 'apps.desk.tenants is an empty list');
  refused(app(`${keys}, tenants: acme`), 'apps.desk.tenants is not a list');
});

test('the keys of an app', () => {
  const [caller] = load(app(`tenants: "*", keys: ["${hash(1)}", "${hash(2)}"]`)).apps;
  assert.deepEqual(
    caller?.keyHashes.map((each) => `sha256:${each.toString('hex')}`),
    [hash(1), hash(2)],
  );
  const problem = 'apps.desk.keys[0] is not the SHA-256 of an app key';
  const plain = `c360_desk_${'A'.repeat(43)}`;
  for (const key of [plain, hash(1).slice(7), hash(1).slice(0, -1), `${hash(1)}0`, 'md5:00', '5']) {
    refused(app(`tenants: "*", keys: [${key}]`), problem);
    assert.ok(!JSON.stringify(faultsOf(app(`tenants: "*", keys: [${key}]`))).includes(`"${key}`));
  }
  refused(app('tenants: "*", keys: []'), 'apps.desk.keys is an empty list');
  const [fault] = faultsOf(app(`tenants: "*", keys: ${plain}`));
  assert.equal(fault?.problem, 'is not a list');
  assert.doesNotMatch(JSON.stringify(fault), /AAAA/);
});

test('a key belongs to one app', () => {
  const upper = `sha256:${'AB'.repeat(32)}`;
  const other = (keys: string): string => `  other: { keys: [${keys}], tenants: "*", quota: 5 }`;
  const text = `apps:\n  desk: { keys: ["${upper.toLowerCase()}"], tenants: "*", quota: 5 }\n`;
  const acme = 'tenants: { acme: { tenantId: t, region: us, apiKeys: [{ env: ACME_KEY }] } }\n';
  assert.deepEqual(
    problemsOf({ yaml: `${acme}${text}${other(`"${hash(1)}", "SHA256:1", "${upper}"`)}` }),
    [
      'config.yaml:3 apps.desk.quota is not a mapping',
      'config.yaml:4 apps.other.keys[1] is not the SHA-256 of an app key',
      'config.yaml:4 apps.other.keys[2] is a key of desk already',
      'config.yaml:4 apps.other.quota is not a mapping',
    ],
  );
});

test('scopes and hidden fields', () => {
  refused({ app: '    scopes: [read, summaries, refresh, export, erase]' });
  refused({ app: '    scopes: [write]' }, 'apps.desk.scopes[0] is not a value known here');
  refused({ app: '    scopes: read' }, 'apps.desk.scopes is not a list');
  refused({ app: '    hide: [address, topics, summary]' });
  refused(
    { app: '    hide: [id, interactionId]' },
    'apps.desk.hide[0] is not a value known here',
    'apps.desk.hide[1] is not a value known here',
  );
});

test('origins are as browsers send them', () => {
  const good = [
    'https://desk.example.com',
    'http://localhost:3000',
    'https://xn--bcher-kva.example',
  ];
  for (const origin of [...good, 'http://[::1]:81', 'capacitor://localhost']) {
    refused({ app: `    origins: ["${origin}"]` });
  }
  const bad = [
    '*',
    'null',
    'https://a.b/',
    'https://a.b/c',
    'https://A.b',
    'https://a.b:443',
    'a.b',
  ];
  for (const origin of [
    ...bad,
    'https://*.a.b',
    'https://u@a.b',
    'file://',
    'https://bücher.example',
  ]) {
    const problem = 'apps.desk.origins[0] is not an origin as browsers send it';
    refused({ app: `    origins: ["${origin}"]` }, problem);
  }
});

test('base URLs: https anywhere, http on loopback, nothing but host, port and path', () => {
  const read = (url: string): string => load({ more: `regions: { us: "${url}" }` }).regions.us;
  assert.equal(read('https://proxy.example/c360/us/'), 'https://proxy.example/c360/us');
  assert.equal(read('http://127.0.0.1:9360'), 'http://127.0.0.1:9360');
  for (const url of ['http://127.9.9.9/us', 'http://[::1]:80/us', 'http://localhost:1/us'])
    read(url);
  const bad = [
    'http://example.com',
    'http://127.0.0.1.example.com',
    'ftp://127.0.0.1',
    'proxy.example',
  ];
  const more = [
    'https://u:sesame@a.b',
    'https://a.b?x',
    'https://a.b#x',
    'https://a.b/?',
    '/us',
    '',
  ];
  for (const url of [...bad, ...more, 'http://localhost.example', 'https://a b']) {
    refused({ more: `regions: { us: "${url}" }` }, 'regions.us is not a base URL');
  }
  assert.doesNotMatch(
    JSON.stringify(faultsOf({ more: 'regions: { us: "https://u:sesame@a.b" }' })),
    /sesame/,
  );
});

test('sizes, limits and times of the process', () => {
  refused({ more: 'cache: { memory: 1MiB, maxEntry: 1MiB }\nregions:\nupstream:\nhistory: {}' });
  refused(
    { more: 'cache: { memory: 1023KiB, maxEntry: 1B }' },
    'cache.memory is not a size of 1MiB or more',
  );
  refused({ more: 'cache: { maxEntry: 0B }' }, 'cache.maxEntry is not a size of 1B or more');
  refused({ more: 'cache: { maxEntry: 1048576 }' }, 'cache.maxEntry is not a size of 1B or more');
  refused({ more: 'cache: { maxEntry: 257MiB }' }, 'cache.maxEntry is larger than cache.memory');
  refused({ more: 'cache: { memory: 1MiB }' }, 'cache.maxEntry is larger than cache.memory');
  refused(
    { more: 'cache: { memory: 1MiB, size: 1 }' },
    'cache.maxEntry is larger than cache.memory',
    'cache.size is not known here',
  );
  for (const name of ['deadline', 'attemptTimeout']) {
    const problem = `upstream.${name} is not a duration from 1ms to 1d`;
    for (const value of ['0s', '25h', '8'])
      refused({ more: `upstream: { ${name}: ${value} }` }, problem);
  }
  refused(
    { more: 'upstream: { maxResponse: 0B }' },
    'upstream.maxResponse is not a size of 1B or more',
  );
  const whole = 'is not a whole number of 1 or more';
  refused({ more: 'upstream: { connections: 0 }' }, `upstream.connections ${whole}`);
  refused({ more: 'history: { maxCalls: 0 }' }, `history.maxCalls ${whole}`);
  refused({ more: 'history: { maxCalls: }' }, 'history.maxCalls is empty');
  refused({ more: 'upstream: [1]' }, 'upstream is not a mapping');
});
