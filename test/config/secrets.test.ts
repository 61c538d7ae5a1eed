// Secrets: variables and files, CACHE_SECRET and the keys made of it, and that nothing prints them.
import assert from 'node:assert/strict';
import { hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { loadConfiguration } from '../../src/config/configuration.ts';
import { createSecrets } from '../../src/config/secrets.ts';
import { faultsOf, load, problemsOf, sources } from './sources.ts';

const SECRET = Buffer.alloc(32, 7);
const CACHE_SECRET = SECRET.toString('base64url');

test('a key is derived for each purpose by HKDF-SHA256', () => {
  const { secrets } = load({ env: { CACHE_SECRET } });
  const purposes = ['cache-keys', 'cache-values', 'cursors', 'names'] as const;
  const keys = purposes.map((purpose) => secrets.deriveKey(purpose).toString('hex'));
  const expected = purposes.map((purpose) =>
    Buffer.from(hkdfSync('sha256', SECRET, '', `customer-360/${purpose}/v1`, 32)).toString('hex'),
  );
  assert.deepEqual(keys, expected);
  assert.equal(new Set(keys).size, 4);
});

test('without CACHE_SECRET the secret is random, and 32 bytes long', () => {
  const asked: number[] = [];
  const randomBytes = (bytes: number): Buffer => {
    asked.push(bytes);
    return Buffer.alloc(bytes, 7);
  };
  const { secrets } = loadConfiguration({ ...sources(), randomBytes });
  assert.deepEqual(asked, [32]);
  const told = load({ env: { CACHE_SECRET } }).secrets;
  assert.deepEqual(secrets.deriveKey('names'), told.deriveKey('names'));
  const [one, other] = [load().secrets, load().secrets];
  assert.notDeepEqual(one.deriveKey('names'), other.deriveKey('names'));
});

test('CACHE_SECRET is 32 bytes or more in canonical base64url', () => {
  const long = Buffer.alloc(48, 1).toString('base64url');
  assert.deepEqual(problemsOf({ env: { CACHE_SECRET: long } }), []);
  const short = Buffer.alloc(31, 1).toString('base64url');
  const padded = `${CACHE_SECRET}=`;
  // The last of 43 characters has two bits that hold nothing.
  const loose = `${CACHE_SECRET.slice(0, -1)}d`;
  const plain = Buffer.alloc(33, 0xff).toString('base64');
  for (const value of [short, padded, loose, plain, `${long} ${long}`, 'sesame']) {
    const faults = faultsOf({ env: { CACHE_SECRET: value } });
    assert.deepEqual(
      faults.map(({ place, problem }) => `${place} ${problem}`),
      ['CACHE_SECRET is not 32 bytes or more in base64url'],
    );
    assert.ok(!JSON.stringify(faults).includes(value));
  }
});

test('a secret may come from a file, and both at once is a fault', () => {
  const env = { CACHE_SECRET_FILE: '/s' };
  const files = { '/s': `  ${CACHE_SECRET}\r\n` };
  const [told, read] = [load({ env: { CACHE_SECRET } }), load({ env, files })];
  assert.deepEqual(read.secrets.deriveKey('names'), told.secrets.deriveKey('names'));
  assert.deepEqual(problemsOf({ env: { ...env, CACHE_SECRET }, files }), [
    'CACHE_SECRET is set, and so is CACHE_SECRET_FILE',
  ]);
  assert.deepEqual(problemsOf({ env: { ...env, CACHE_SECRET: '' }, files }), []);
});

test('a file of a secret that is absent or empty is a fault, without its path', () => {
  for (const name of ['CACHE_SECRET', 'REDIS_URL', 'AUDIT_SECRET']) {
    // REDIS_URL, faulty or not, needs CACHE_SECRET.
    const env = { ...(name === 'REDIS_URL' ? { CACHE_SECRET } : {}), [`${name}_FILE`]: '/sesame' };
    const absent = faultsOf({ env });
    assert.doesNotMatch(JSON.stringify(absent), /sesame/);
    const problems = absent.map(({ place, problem }) => `${place} ${problem}`);
    assert.deepEqual(problems, [`${name}_FILE names a file that cannot be read (ENOENT)`]);
    const empty = problemsOf({ env, files: { '/sesame': ' \n' } });
    assert.deepEqual(empty, [`${name}_FILE names a file that is empty`]);
  }
});

test('nothing prints a secret', () => {
  const configuration = load({
    env: { CACHE_SECRET, REDIS_URL: 'redis://:sesame-redis@r', ACME_KEY: 'sesame-key' },
  });
  const { secrets } = configuration;
  assert.deepEqual(secrets.vendorKeys('acme'), ['sesame-key']);
  const shown = [
    JSON.stringify(configuration),
    inspect(configuration, { depth: null, showHidden: true, getters: true }),
    inspect(secrets, { depth: null, showHidden: true, showProxy: true }),
    JSON.stringify({ ...secrets }),
    String(secrets),
  ].join('\n');
  assert.doesNotMatch(shown, /sesame/);
  assert.ok(!shown.includes(CACHE_SECRET) && !shown.includes(SECRET.toString('hex')));
  assert.deepEqual(Reflect.ownKeys(secrets), []);
});

test('a tenant that does not exist has no keys', () => {
  const vendorKeys = new Map([['acme', ['k']]]);
  const secrets = createSecrets({ vendorKeys, redisUrls: [], cacheSecret: SECRET });
  assert.deepEqual([secrets.vendorKeys('acme'), secrets.vendorKeys('globex')], [['k'], []]);
});
