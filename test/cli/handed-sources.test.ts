// Sources that are handed down: a worker is configured like the first process, whatever has changed since.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handedSources, rememberSources } from '../../src/cli/handed-sources.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import type { KeyPurpose } from '../../src/config/secrets.ts';
import { load, type Parts, sources } from '../config/sources.ts';

const PURPOSES: readonly KeyPurpose[] = ['cache-keys', 'cache-values', 'cursors', 'names'];
const keysOf = ({ secrets }: ReturnType<typeof load>) =>
  PURPOSES.map((purpose) => secrets.deriveKey(purpose).toString('hex'));

/** The configuration of the first process and that of a worker, after a message between them. */
function firstAndWorker(parts: Parts) {
  const given = sources(parts);
  const remembering = rememberSources(given);
  const first = loadConfiguration(remembering);
  const handed = JSON.parse(JSON.stringify(remembering.handDown()));
  const worker = loadConfiguration(handedSources(given.env, handed));
  return { first, worker, handed };
}

test('without CACHE_SECRET the random one is the same for all', () => {
  const { first, worker, handed } = firstAndWorker({});
  assert.deepEqual(keysOf(worker), keysOf(first));
  assert.notDeepEqual(keysOf(first), keysOf(firstAndWorker({}).first));
  assert.equal(Buffer.from(handed.secret, 'base64url').length, 32);
});

test('a configured CACHE_SECRET stays where it is', () => {
  const CACHE_SECRET = Buffer.alloc(32, 's').toString('base64url');
  for (const parts of [
    { env: { CACHE_SECRET } },
    { env: { CACHE_SECRET_FILE: '/secret' }, files: { '/secret': CACHE_SECRET } },
  ]) {
    const { first, worker, handed } = firstAndWorker(parts);
    assert.deepEqual(keysOf(worker), keysOf(first));
    assert.deepEqual(keysOf(first), keysOf(load({ env: { CACHE_SECRET } })));
    assert.equal(handed.secret, '');
  }
});

test('files are those that the first process read, secrets of tenants too', () => {
  const { first, worker, handed } = firstAndWorker({
    env: { CONFIG_FILE: 'other.yaml', ACME_KEY: '', ACME_KEY_FILE: '/key' },
    files: { 'other.yaml': sources().readFile('./config.yaml'), '/key': 'eght_file' },
  });
  assert.deepEqual(Object.keys(handed.files), ['other.yaml', '/key']);
  assert.deepEqual(worker.secrets.vendorKeys('acme'), ['eght_file']);
  assert.deepEqual({ ...worker, secrets: 0 }, { ...first, secrets: 0 });
});

test('a file that was not read is not there', () => {
  const { readFile } = handedSources({}, { files: {}, secret: '' });
  assert.throws(() => readFile('./config.yaml'));
});
