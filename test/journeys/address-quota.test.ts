// Failed credentials are limited by the address that they come from; a valid one is never refused for them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from '../support/clock.ts';
import { type Service, startService } from '../support/service.ts';

const ALLOWED = 60;
const PATH = '/v1/customer?tenant=acme&email=nobody@example.com';

/** Asks as if from an address, which a trusted proxy tells. */
function askFrom({ url }: Service, address: string, headers: Readonly<Record<string, string>>) {
  return fetch(url + PATH, { headers: { 'x-forwarded-for': address, ...headers } });
}

const WRONG = { 'x-app-key': 'c360_desk_wrong' };

async function start(t: Parameters<typeof startService>[0]) {
  const clock = createClock(Date.parse('2026-11-23T12:00:00Z'));
  const service = await startService(t, {
    env: { TRUSTED_PROXIES: '127.0.0.1' },
    now: clock.now,
  });
  /** As many failed credentials as are allowed. */
  const spend = async (address: string, headers: Readonly<Record<string, string>> = WRONG) => {
    for (let count = 1; count <= ALLOWED; count += 1) {
      const reply = await askFrom(service, address, headers);
      assert.equal(reply.status, 401);
      assert.equal(reply.headers.get('ratelimit'), `"address";r=${ALLOWED - count};t=60`);
      assert.equal(reply.headers.get('ratelimit-policy'), `"address";q=${ALLOWED};w=60`);
    }
  };
  return { service, clock, spend };
}

test('an address with too many is told to wait, and may try again when the window is over', async (t) => {
  const { service, clock, spend } = await start(t);
  await spend('192.0.2.1');
  clock.pass(10_000);
  const refused = await askFrom(service, '192.0.2.1', WRONG);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '50');
  assert.equal(refused.headers.get('ratelimit'), '"address";r=0;t=50');
  const problem = (await refused.json()) as Record<string, unknown>;
  assert.equal(problem.type, '/problems/quota-exceeded');
  assert.deepEqual(problem['violated-policies'], ['address']);
  assert.deepEqual(service.events.of('quota-refused'), [
    { type: 'quota-refused', policy: 'address', app: null },
  ]);
  assert.equal(service.logs().includes('192.0.2.1'), false);
  clock.pass(50_000);
  assert.equal((await askFrom(service, '192.0.2.1', WRONG)).status, 401);
});

test('a valid credential is never refused for what others of the same address did', async (t) => {
  const { service, spend } = await start(t);
  await spend('192.0.2.1');
  const { desk } = service.keys;
  const reply = await askFrom(service, '192.0.2.1', { authorization: `Bearer ${desk}` });
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('ratelimit') ?? '', /^"app";/);
  assert.equal((await askFrom(service, '192.0.2.1', WRONG)).status, 429);
});

test('other addresses are not concerned, but those of one IPv6 network are', async (t) => {
  const { service, spend } = await start(t);
  await spend('2001:db8:1:2::1');
  const statusFrom = async (address: string) => (await askFrom(service, address, WRONG)).status;
  assert.equal(await statusFrom('2001:db8:1:2:ffff::9'), 429);
  assert.equal(await statusFrom('2001:db8:1:3::1'), 401);
  assert.equal(await statusFrom('192.0.2.1'), 401);
});

test('a missing credential is none that failed; two at once are', async (t) => {
  const { service, spend } = await start(t);
  for (let count = 0; count <= ALLOWED; count += 1) {
    const reply = await askFrom(service, '192.0.2.1', {});
    assert.equal(reply.status, 401);
    assert.equal(reply.headers.get('ratelimit'), null);
  }
  await spend('192.0.2.1', { ...WRONG, authorization: 'Bearer c360_desk_wrong' });
  assert.equal((await askFrom(service, '192.0.2.1', WRONG)).status, 429);
});

test('an address that a caller claims itself is not believed', async (t) => {
  const service = await startService(t);
  for (let count = 0; count < ALLOWED; count += 1) {
    assert.equal((await askFrom(service, `192.0.2.${count}`, WRONG)).status, 401);
  }
  assert.equal((await askFrom(service, '192.0.2.200', WRONG)).status, 429);
});
