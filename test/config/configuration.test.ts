// The whole configuration: defaults, examples, all faults at once, notices, and fuzzed input.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { loadConfiguration } from '../../src/config/configuration.ts';
import { ConfigurationError } from '../../src/config/faults.ts';
import { OFFICIAL_BASE_URLS } from '../../src/domain/region.ts';
import { faultsOf, hash, load, problemsOf, sources } from './sources.ts';

const EXAMPLE = readFileSync(new URL('../../config.example.yaml', import.meta.url), 'utf8');
const ENV_EXAMPLE = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

const MEMORY_ONLY = 'REDIS_URL is not set: answers are kept in the memory of this process alone.';

test('the defaults are the documented ones', () => {
  const { secrets, ...configuration } = load();
  assert.deepEqual(configuration, {
    listen: { host: '127.0.0.1', port: 8360 },
    ops: { host: '127.0.0.1', port: 8361 },
    logLevel: 'info',
    redis: null,
    trustedProxies: [],
    shutdown: { delayMs: 0, graceMs: 10_000 },
    workers: 1,
    regions: OFFICIAL_BASE_URLS,
    tenants: new Map([
      [
        'acme',
        {
          name: 'acme',
          tenantId: 't1',
          region: 'us',
          emailCaseSensitive: false,
          timeGridMs: 60_000,
          freshness: {
            openMs: 60_000,
            closedMs: 86_400_000,
            settleMs: 172_800_000,
            staleWhileRevalidateMs: 600_000,
            staleIfErrorMs: 86_400_000,
          },
        },
      ],
    ]),
    apps: [
      {
        caller: {
          app: 'desk',
          tenants: new Set(['acme']),
          scopes: new Set(['read']),
          quota: { requests: 600, perMs: 60_000 },
          origins: new Set(),
          hide: new Set(),
        },
        keyHashes: [Buffer.alloc(32, 0x11)],
      },
    ],
    cache: { memoryBytes: 268_435_456, maxEntryBytes: 2_097_152 },
    upstream: {
      deadlineMs: 8000,
      attemptTimeoutMs: 4000,
      connections: 64,
      maxResponseBytes: 8_388_608,
    },
    history: { maxCalls: 64 },
    notices: [MEMORY_ONLY],
  });
  assert.deepEqual(secrets.vendorKeys('acme'), ['eght_acme']);
});

test('several tenants and apps, each with settings of its own', () => {
  const { tenants, apps, regions } = load({
    yaml: `
regions: { ap: "http://127.0.0.1:9360/ap/" }
tenants:
  acme: { tenantId: t1, region: us, apiKeys: [{ env: ACME_KEY }], defaultCountry: US }
  globex: { tenantId: t2, region: ap, apiKeys: [{ env: ACME_KEY }], freshness: { open: 5s } }
apps:
  desk: { keys: ["${hash(1)}"], tenants: [acme], quota: { requests: 1, per: 1s }, hide: [address] }
  board:
    keys: ["${hash(2)}", "${hash(3)}"]
    tenants: "*"
    scopes: [read, export, erase]
    quota: { requests: 2, per: 1h }
    origins: ["https://board.example.com"]
`,
  });
  assert.deepEqual(regions, { ...OFFICIAL_BASE_URLS, ap: 'http://127.0.0.1:9360/ap' });
  assert.deepEqual([...tenants.keys()], ['acme', 'globex']);
  assert.equal(tenants.get('acme')?.defaultCountry, 'US');
  assert.equal(tenants.get('globex')?.freshness.openMs, 5000);
  assert.equal(tenants.get('globex')?.freshness.closedMs, 86_400_000);
  assert.deepEqual(
    apps.map(({ caller }) => [
      caller.app,
      [...caller.tenants],
      [...caller.scopes],
      [...caller.hide],
    ]),
    [
      ['desk', ['acme'], ['read'], ['address']],
      ['board', ['acme', 'globex'], ['read', 'export', 'erase'], []],
    ],
  );
  assert.deepEqual(apps[1]?.caller.quota, { requests: 2, perMs: 3_600_000 });
  assert.deepEqual([...(apps[1]?.caller.origins ?? [])], ['https://board.example.com']);
});

test('nothing in it can be changed', () => {
  const configuration = load();
  const parts: unknown[] = [
    configuration,
    configuration.listen,
    configuration.regions,
    configuration.tenants.get('acme')?.freshness,
    configuration.apps,
    configuration.apps[0]?.caller.quota,
    configuration.apps[0]?.keyHashes,
    configuration.notices,
    configuration.secrets,
  ];
  for (const part of parts) assert.ok(Object.isFrozen(part));
});

test('faults of environment, secrets and file are told together', () => {
  assert.deepEqual(
    problemsOf({
      env: { PORT: 'x', REDIS_URL: 'x', AUDIT_SECRET: 'a', AUDIT_SECRET_FILE: 'b', WORKERS: '0' },
      tenant: '    timeGrid: 5\n    nonsense: 1',
      app: '    scopes: [all]',
      more: 'apps: {}',
    }),
    [
      'PORT is not a port',
      'WORKERS is not a number of processes',
      'REDIS_URL is not an address of Redis',
      'CACHE_SECRET is missing, and Redis needs it',
      'AUDIT_SECRET is set, and so is AUDIT_SECRET_FILE',
      'config.yaml:6 tenants.acme.timeGrid is not a duration of whole seconds from 1s to 1d',
      'config.yaml:7 tenants.acme.nonsense is not known here',
      'config.yaml:14 has a key that was there before',
      'config.yaml:14 apps is empty',
    ],
  );
});

test('a file that is missing is a fault beside the others, with its mend', () => {
  const faults = faultsOf({ env: { CONFIG_FILE: './other/c.yaml', PORT: 'x' } });
  assert.deepEqual(
    faults.map(({ place, problem }) => `${place} ${problem}`),
    ['PORT is not a port', 'other/c.yaml cannot be read (ENOENT)'],
  );
  assert.match(faults[1]?.mend ?? '', /^Copy config\.example\.yaml to \.\/other\/c\.yaml/);
});

test('every fault has a place, a problem and a mend', () => {
  const faults = faultsOf({ yaml: 'tenants: { a: { x: 1 } }\napps: 5\n', env: { HOST: '/' } });
  assert.ok(faults.length >= 6);
  for (const { place, problem, mend } of faults) {
    assert.ok(place !== '' && problem !== '', place);
    assert.match(mend, /^[A-Z].+[.)]$|crypto/, place);
  }
});

test('a correct configuration says what has no effect, and what Redis is missed for', () => {
  assert.deepEqual(load({ env: { WORKERS: '1', AUDIT_LOG: '' } }).notices, [MEMORY_ONLY]);
  const { notices } = load({
    env: {
      REDIS_URL: 'redis://r',
      CACHE_SECRET: Buffer.alloc(32).toString('base64url'),
      WORKERS: '2',
      AUDIT_LOG: 'stdout',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel',
    },
    app: '    userQuota: { requests: 1, per: 1s }\n    scopes: [export, erase]',
  });
  assert.deepEqual(notices, [
    'AUDIT_LOG and AUDIT_SECRET: without effect in this version; no audit log is written.',
    'OTEL_EXPORTER_OTLP_ENDPOINT: without effect in this version; no traces are sent.',
    'userQuota (desk): without effect in this version; quotas hold for whole apps.',
  ]);
  for (const WORKERS of ['2', 'auto']) {
    assert.deepEqual(load({ env: { WORKERS } }).notices, [
      'REDIS_URL is not set: answers are kept by each worker alone, which grants its part of each quota and budget.',
    ]);
  }
  const secret = load({ env: { AUDIT_SECRET: 'sesame' } }).notices;
  assert.match(secret.join(), /AUDIT_SECRET/);
  assert.doesNotMatch(secret.join(), /sesame/);
});

test('config.example.yaml is correct, and its values are the defaults', () => {
  const { cache, upstream, tenants, apps } = load({
    yaml: EXAMPLE,
    env: { ACME_8X8_KEY: 'eght_x' },
  });
  const byDefault = load();
  assert.deepEqual({ cache, upstream }, { cache: byDefault.cache, upstream: byDefault.upstream });
  assert.deepEqual(tenants.get('acme')?.freshness, byDefault.tenants.get('acme')?.freshness);
  assert.deepEqual(apps[0]?.keyHashes, [Buffer.alloc(32)]);
});

test('config.example.yaml is correct with every comment of a setting taken away', () => {
  const yaml = EXAMPLE.replaceAll(
    /^( *)#(?=regions:| {2}\w\w: |budget: |userQuota: )/gm,
    '$1',
  ).replace(/# - file: .*/, '- file: /k');
  const parts = { yaml, env: { ACME_8X8_KEY: 'eght_x' }, files: { '/k': 'eght_y' } };
  assert.deepEqual(problemsOf(parts), []);
  assert.equal(load(parts).regions.ca, 'http://127.0.0.1:9360/ca');
  assert.equal(load(parts).notices.length, 3);
  assert.deepEqual(load(parts).tenants.get('acme')?.budget, { requests: 60, perMs: 60_000 });
  assert.equal(
    load(parts).notices[1],
    'keys (agent-desktop): the hash of the example fits no key; npm run c360 -- keys new <app> makes one.',
  );
});

test('.env.example changes nothing but the key to fill in, and names every variable', () => {
  const { ACME_8X8_KEY, ...rest } = parseEnv(ENV_EXAMPLE);
  assert.equal(ACME_8X8_KEY, '');
  assert.deepEqual(rest, {});
  const documented = `CONFIG_FILE HOST PORT OPS_HOST OPS_PORT REDIS_URL REDIS_MODE
    REDIS_SENTINEL_NAME CACHE_SECRET AUDIT_LOG AUDIT_SECRET TRUSTED_PROXIES LOG_LEVEL WORKERS
    SHUTDOWN_DELAY SHUTDOWN_GRACE OTEL_EXPORTER_OTLP_ENDPOINT`;
  for (const name of documented.split(/\s+/)) {
    assert.match(ENV_EXAMPLE, new RegExp(`^#${name}=`, 'm'));
  }
});

test('the defaults that .env.example shows are the defaults', () => {
  const shown = parseEnv(ENV_EXAMPLE.replaceAll(/^#(?=[A-Z_]+=)/gm, ''));
  const names = ['HOST', 'PORT', 'OPS_HOST', 'OPS_PORT', 'LOG_LEVEL', 'WORKERS', 'CONFIG_FILE'];
  const env = Object.fromEntries(
    [...names, 'SHUTDOWN_DELAY', 'SHUTDOWN_GRACE', 'REDIS_MODE'].map((name) => [
      name,
      shown[name] ?? '?',
    ]),
  );
  const [told, byDefault] = [load({ env }), load()];
  assert.deepEqual({ ...told, secrets: 0 }, { ...byDefault, secrets: 0 });
});

/** Runs it and lets nothing through but a ConfigurationError. */
function survives(parts: Parameters<typeof sources>[0]): boolean {
  try {
    loadConfiguration(sources(parts));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    assert.ok(error.faults.length > 0);
  }
  return true;
}

const WORDS = fc.constantFrom(
  ...['tenants', 'apps', 'acme', 'keys', 'apiKeys', 'env', 'region', 'us', '1m', '*', '&a', '*a'],
  ...[
    ': ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '"',
    '!!',
    '#',
    '|',
    '? ',
    '---',
    '__proto__',
  ],
);

test('no text of a file brings anything but a ConfigurationError', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(WORDS, { maxLength: 40 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, (yaml) => survives({ yaml })),
    { numRuns: 300 },
  );
});

test('no data in a file brings anything but a ConfigurationError', () => {
  const key = fc.constantFrom('env', 'keys', 'open', 'per', 'requests', 'us', 'memory', 'toString');
  const value = fc.jsonValue({ maxDepth: 2 });
  const entry = fc.oneof(value, fc.dictionary(fc.oneof(key, fc.string()), value));
  const names = [
    'tenantId',
    'region',
    'apiKeys',
    'freshness',
    'budget',
    'keys',
    'tenants',
    'quota',
  ];
  const settings = fc.record(Object.fromEntries(names.map((name) => [name, entry])), {
    requiredKeys: [],
  });
  const sections = fc.record(
    {
      regions: entry,
      tenants: fc.oneof(entry, fc.record({ acme: settings })),
      apps: fc.oneof(entry, fc.record({ desk: settings, board: settings })),
      cache: entry,
      upstream: entry,
      history: entry,
    },
    { requiredKeys: [] },
  );
  const run = (data: unknown): boolean => survives({ yaml: JSON.stringify(data) });
  fc.assert(fc.property(sections, run), { numRuns: 300 });
});

test('no environment brings anything but a ConfigurationError, and no fault repeats it', () => {
  const names = [
    ...['HOST', 'PORT', 'OPS_HOST', 'OPS_PORT', 'LOG_LEVEL', 'TRUSTED_PROXIES', 'WORKERS'],
    ...['REDIS_URL', 'REDIS_MODE', 'REDIS_SENTINEL_NAME', 'CACHE_SECRET', 'CACHE_SECRET_FILE'],
    ...['SHUTDOWN_DELAY', 'SHUTDOWN_GRACE', 'AUDIT_SECRET_FILE', 'ACME_KEY', 'ACME_KEY_FILE'],
  ];
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'sentinel',
      'cluster',
      '0',
      '5s',
      '::1/64',
      'redis://:%@a',
      'redis://a,',
      './config.yaml',
    ),
    fc.string().map((text) => `redis://u:sesame@${text}`),
  );
  const env = fc.dictionary(fc.constantFrom(...names), value);
  fc.assert(
    fc.property(env, (variables) => {
      survives({ env: variables });
      assert.doesNotMatch(JSON.stringify(faultsOf({ env: variables })), /sesame/);
    }),
    { numRuns: 300 },
  );
});
