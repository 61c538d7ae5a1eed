// REDIS_URL, REDIS_MODE and REDIS_SENTINEL_NAME, and the secret that Redis needs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf, load, problemsOf } from './sources.ts';

const CACHE_SECRET = Buffer.alloc(32, 7).toString('base64url');

function withRedis(env: Record<string, string>) {
  return { env: { CACHE_SECRET, ...env } };
}

test('without REDIS_URL there is no Redis', () => {
  const { redis, secrets } = load();
  assert.equal(redis, null);
  assert.deepEqual(secrets.redisUrls(), []);
});

test('one address, with user, password, port and database', () => {
  for (const url of ['redis://r', 'rediss://u:p%40ss@r:6380/2', 'redis://:p@[::1]:6379/']) {
    const { redis, secrets } = load(withRedis({ REDIS_URL: url }));
    assert.deepEqual(redis, { mode: 'single' });
    assert.deepEqual(secrets.redisUrls(), [url]);
  }
});

test('a list for cluster and sentinel', () => {
  const REDIS_URL = 'redis://a:1, redis://b:2';
  const cluster = load(withRedis({ REDIS_URL, REDIS_MODE: 'cluster' }));
  assert.deepEqual(cluster.redis, { mode: 'cluster' });
  assert.deepEqual(cluster.secrets.redisUrls(), ['redis://a:1', 'redis://b:2']);
  const REDIS_SENTINEL_NAME = 'main';
  const sentinel = load(withRedis({ REDIS_URL, REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME }));
  assert.deepEqual(sentinel.redis, { mode: 'sentinel', sentinelName: 'main' });
});

test('a list for a single server, and what is no address, are faults', () => {
  const single = problemsOf(withRedis({ REDIS_URL: 'redis://a,redis://b' }));
  assert.deepEqual(single, ['REDIS_URL is a list, and REDIS_MODE is single']);
  const wrong = ['r:6379', 'http://r', 'redis:r', 'redis://', 'redis://r:99999', 'redis://r/x'];
  for (const url of [
    ...wrong,
    'redis://r?db=1',
    'redis://r#1',
    'redis://:a b@r',
    'redis://:%z@r',
  ]) {
    const problems = problemsOf(withRedis({ REDIS_URL: url }));
    assert.deepEqual(problems, ['REDIS_URL is not an address of Redis'], url);
  }
});

test('each faulty address of a list is told by its place', () => {
  const REDIS_URL = 'redis://a,b,redis://c/1,';
  assert.deepEqual(problemsOf(withRedis({ REDIS_URL, REDIS_MODE: 'cluster' })), [
    'REDIS_URL is not an address of Redis at place 2 of the list',
    'REDIS_URL is not an address of Redis at place 3 of the list',
    'REDIS_URL is not an address of Redis at place 4 of the list',
  ]);
});

test('a mode needs an address, and sentinels a name', () => {
  assert.deepEqual(problemsOf(withRedis({ REDIS_MODE: 'cluster' })), [
    'REDIS_URL is missing, and REDIS_MODE is cluster',
  ]);
  assert.deepEqual(problemsOf(withRedis({ REDIS_URL: 'redis://r', REDIS_MODE: 'sentinel' })), [
    'REDIS_SENTINEL_NAME is missing, and REDIS_MODE is sentinel',
  ]);
  assert.deepEqual(problemsOf(withRedis({ REDIS_MODE: 'Cluster' })), [
    'REDIS_MODE is not a value known here',
  ]);
});

test('Redis needs CACHE_SECRET, and both faults are told', () => {
  assert.deepEqual(problemsOf({ env: { REDIS_URL: 'nonsense' } }), [
    'REDIS_URL is not an address of Redis',
    'CACHE_SECRET is missing, and Redis needs it',
  ]);
});

test('no fault repeats the password', () => {
  const urls = ['redis://u:sesame@r?x', 'redis://u:sesame@r,redis://u:sesame@r', 'sesame'];
  for (const REDIS_URL of urls) {
    const faults = faultsOf(withRedis({ REDIS_URL }));
    assert.equal(faults.length, 1);
    assert.doesNotMatch(JSON.stringify(faults), /sesame/);
  }
});

test('REDIS_URL may come from a file', () => {
  const env = { CACHE_SECRET, REDIS_URL_FILE: '/run/secrets/redis' };
  const { secrets } = load({ env, files: { '/run/secrets/redis': 'redis://:p@r:6379\n' } });
  assert.deepEqual(secrets.redisUrls(), ['redis://:p@r:6379']);
  assert.deepEqual(problemsOf({ env }), [
    'REDIS_URL_FILE names a file that cannot be read (ENOENT)',
  ]);
});
