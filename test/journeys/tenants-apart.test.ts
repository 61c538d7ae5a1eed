// What one app or tenant has asked for is never another's, cached or not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';

const SEARCH = `contactId=${CUSTOMERS.ada.contactId}`;
const SUMMARY = 'interactionId=int-of-no-one';

test('an app without the grant is refused, also what another app has cached', async (t) => {
  const service = await startService(t);
  const { desk, mobile, other } = service.keys;
  const path = `/v1/customer?tenant=acme&${SEARCH}`;
  const kept = await service.ask(path);
  const etag = kept.headers.get('etag') ?? '';
  const as = (key: string, headers: Record<string, string> = {}) =>
    service.ask(path, {
      // Beside `If-None-Match`, fetch adds `no-cache` where there is nothing else.
      headers: { authorization: `Bearer ${key}`, 'cache-control': 'max-age=0', ...headers },
    });

  assert.equal((await as(other)).headers.get('cache-status')?.includes('; hit; '), true);
  for (const headers of [{}, { 'if-none-match': etag }, { 'if-none-match': '*' }]) {
    const refused = await as(mobile, headers);
    const problem = (await refused.json()) as { type: string };
    assert.deepEqual([refused.status, problem.type], [403, '/problems/forbidden']);
    for (const header of ['cache-status', 'etag', 'age']) {
      assert.equal(refused.headers.get(header), null, header);
    }
    const anonymous = await fetch(service.url + path, { headers });
    assert.equal(anonymous.status, 401);
    assert.equal(anonymous.headers.get('etag'), null);
  }
  assert.equal((await as(desk, { 'if-none-match': etag })).status, 304);
  assert.equal(service.sandbox.calls.received, 1);
});

test('a tenant that is not granted and one that does not exist look the same', async (t) => {
  const service = await startService(t);
  const refusal = async (tenant: string) => {
    const reply = await service.ask(`/v1/customer?tenant=${tenant}&${SEARCH}`, {
      headers: { authorization: `Bearer ${service.keys.mobile}`, 'x-request-id': 'same' },
    });
    const { date: _, ratelimit: __, ...headers } = Object.fromEntries(reply.headers);
    return { status: reply.status, headers, body: await reply.text() };
  };
  assert.deepEqual(await refusal('acme'), await refusal('nobody'));
});

test('what an app may not see is not in what it gets from the same entry', async (t) => {
  const service = await startService(t);
  const path = `/v1/customer?tenant=globex&${SEARCH}`;
  const whole = await (await service.ask(path)).text();
  const reply = await service.ask(path, {
    headers: { authorization: `Bearer ${service.keys.mobile}` },
  });
  assert.match(reply.headers.get('cache-status') ?? '', /; hit; /);
  assert.match(whole, /"address"/);
  assert.doesNotMatch(await reply.text(), /"address"/);
});

for (const store of ['memory', 'redis'] as const) {
  test(`the same customer in two tenants is two entries in ${store}`, async (t) => {
    const redis = store === 'redis' ? await startRedis() : undefined;
    t.after(() => redis?.stop());
    const service = await startService(t, { env: redis ? { REDIS_URL: redis.url } : {} });
    const tenants = ['acme', 'acme-uk', 'initech'];
    const read = async (tenant: string) => {
      const reply = await service.ask(`/v1/customer?tenant=${tenant}&${SEARCH}`);
      return { text: await reply.text(), cacheStatus: reply.headers.get('cache-status') ?? '' };
    };
    const first = await Promise.all(tenants.map(read));
    assert.equal(new Set(first.map(({ text }) => text)).size, 3);
    assert.equal(service.sandbox.calls.received, 3);

    const again = await Promise.all(tenants.map(read));
    assert.deepEqual(
      again.map(({ text }) => text),
      first.map(({ text }) => text),
    );
    assert.ok(again.every(({ cacheStatus }) => cacheStatus.includes('; hit; ')));
  });
}

test('the same interaction id in two tenants is two summaries', async (t) => {
  const service = await startService(t);
  for (const tenant of ['acme', 'acme-uk']) {
    const reply = await service.ask(`/v1/summaries?tenant=${tenant}&${SUMMARY}`);
    assert.equal(reply.headers.get('cache-status'), 'customer-360; fwd=miss; stored');
  }
  assert.deepEqual(
    service.sandbox.calls.all.map(({ region }) => region),
    ['us', 'uk'],
  );
});
