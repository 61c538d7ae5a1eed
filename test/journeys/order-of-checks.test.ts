// The order of checks: what is wrong earlier hides what is wrong later, so that nobody learns what is not theirs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProblemSlug } from '../../src/domain/problem.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import {
  assertProblem,
  faultsIn,
  problemIn,
  type RawReply,
  type RawRequest,
  sendRaw,
} from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';

const ADA = `contactId=${CUSTOMERS.ada.contactId}`;
const SECRETS = ['etag', 'cache-status', 'age', 'content-encoding'];
const JSON_TYPE = { 'Content-Type': 'application/json' };

function bearer(key: string): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${key}` };
}

/** Everything about a reply that does not change from request to request. */
function fingerprint(reply: RawReply): object {
  const { instance, ...problem } = problemIn(reply);
  const changing = new Set(['x-request-id', 'date', 'ratelimit']);
  const headers = [...reply.headers].filter(([name]) => !changing.has(name));
  return { status: reply.status, headers, problem, length: reply.body.length - instance.length };
}

/** Uses a quota of two up. */
async function exhaust({ url, keys }: Service): Promise<void> {
  for (const status of [200, 200, 429]) {
    const path = `/v1/customer?tenant=acme&${ADA}`;
    const reply = await sendRaw(url, ['GET', path], { headers: bearer(keys.desk) });
    assert.equal(reply.status, status);
  }
}

const BAD_BODY = { headers: { 'Content-Type': 'text/plain' }, body: 'x' };

test('a route or method that is not there is told before the credential', async (t) => {
  const { url, keys } = await startService(t, { desk: { quota: { requests: 1, per: '1m' } } });
  const rows: readonly (readonly [string, string, ProblemSlug])[] = [
    ['GET', '/v1/nowhere', 'not-found'],
    ['POST', '/v1/nowhere', 'not-found'],
    ['QUERY', '/v1/nowhere', 'not-found'],
    ['QUERY', '/v1/customers', 'method-not-allowed'],
    ['PUT', '/v1/customer', 'method-not-allowed'],
    ['DELETE', '/v1/summaries', 'method-not-allowed'],
  ];
  for (const [method, path, slug] of rows) {
    for (const credential of [{}, bearer('x'), bearer(keys.desk)]) {
      for (const bad of [BAD_BODY, { headers: JSON_TYPE, body: '{' }]) {
        const headers = { ...bad.headers, ...credential };
        const reply = await sendRaw(url, [method, path], { headers, body: bad.body });
        assertProblem(reply, slug, `${method} ${path}`);
        assert.ok(!reply.headers.has('ratelimit'));
      }
    }
  }
});

test('a wrong credential is told before quota, body and tenant; it counts for nobody', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 2, per: '1m' } } });
  const wrong = bearer(service.keys.desk.slice(0, -1));
  const bad = { ...BAD_BODY, headers: { ...BAD_BODY.headers, ...wrong } };
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const reply = await sendRaw(service.url, ['POST', '/v1/customer?x'], bad);
    assertProblem(reply, 'unauthenticated');
    assert.match(reply.headers.get('ratelimit') ?? '', /^"address";/);
  }
  await exhaust(service);
  assertProblem(await sendRaw(service.url, ['POST', '/v1/customer'], bad), 'unauthenticated');
});

test('the quota is told before the body', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 2, per: '1m' } } });
  await exhaust(service);
  const headers = bearer(service.keys.desk);
  const bodies: readonly RawRequest[] = [
    { headers: { ...headers, ...BAD_BODY.headers }, body: 'x' },
    { headers: { ...headers, ...JSON_TYPE }, body: '{' },
    { headers: { ...headers, ...JSON_TYPE }, body: '{"tenant":"nobody"}' },
  ];
  for (const request of bodies) {
    const reply = await sendRaw(service.url, ['POST', '/v1/customer'], request);
    assertProblem(reply, 'quota-exceeded');
  }
});

test('the body is told before the tenant', async (t) => {
  const { url, keys } = await startService(t);
  const headers = { ...bearer(keys.mobile), ...JSON_TYPE };
  const path = '/v1/summaries';
  const send = (target: string, request: RawRequest) => sendRaw(url, ['POST', target], request);
  assertProblem(
    await send(path, { headers: { ...headers, 'Content-Type': 'text/plain' }, body: '{}' }),
    'unsupported-media-type',
  );
  assertProblem(
    await send(path, { headers, body: '{"tenant":"acme"}'.padEnd(65_537) }),
    'body-too-large',
  );
  const faulty = await send(path, { headers, body: '{"tenant":"acme"' });
  assert.deepEqual(faultsIn(faulty), ['body body-invalid']);
});

test('parameters in two places are told after the tenant, with all other faults', async (t) => {
  const { url, keys } = await startService(t);
  const send = (key: string) =>
    sendRaw(url, ['POST', '/v1/customer?tenant=acme'], {
      headers: { ...bearer(key), ...JSON_TYPE },
      body: '{"tenant":"acme","email":"x"}',
    });
  assertProblem(await send(keys.mobile), 'forbidden');
  const reply = await send(keys.desk);
  assert.deepEqual(faultsIn(reply), ['email email-invalid', 'body parameter-conflict']);
});

test('a fault of the tenant is told alone', async (t) => {
  const { url, keys } = await startService(t);
  const headers = bearer(keys.desk);
  const rest = 'email=x&crmId=x&last=x&include=x&fields=x&nonsense=x';
  const rows: readonly (readonly [string, string])[] = [
    [rest, 'tenant tenant-required'],
    [`tenant=&${rest}`, 'tenant tenant-required'],
    [`tenant=acme&tenant=acme&${rest}`, 'tenant parameter-repeated'],
    [`tenant=%00&${rest}`, 'tenant tenant-required'],
  ];
  for (const [query, fault] of rows) {
    const reply = await sendRaw(url, ['GET', `/v1/customer?${query}`], { headers });
    assert.deepEqual(faultsIn(reply), [fault]);
  }
});

test('the only tenant of an app is implied', async (t) => {
  const { url, keys } = await startService(t);
  const path = `/v1/customer?${ADA}`;
  const implied = await sendRaw(url, ['GET', path], { headers: bearer(keys.mobile) });
  assert.equal((JSON.parse(implied.body.toString()) as { tenant: string }).tenant, 'globex');
});

test('a tenant that does not exist and one that is not granted are the same refusal', async (t) => {
  const { url, keys } = await startService(t);
  const names = ['acme', 'initech', 'nobody', 'ACME', '__proto__', 'x'.repeat(5_000), '../acme'];
  for (const rest of [ADA, 'email=x&nonsense=x', 'include=summaries']) {
    const replies = await Promise.all(
      names.map((tenant) => {
        const query = `tenant=${encodeURIComponent(tenant)}&${rest}`;
        const headers = { ...bearer(keys.mobile), 'If-None-Match': '*' };
        return sendRaw(url, ['GET', `/v1/customer?${query}`], { headers });
      }),
    );
    const [first, ...others] = replies.map(fingerprint);
    for (const other of others) assert.deepEqual(other, first);
    for (const reply of replies) {
      assertProblem(reply, 'forbidden');
      for (const name of SECRETS) assert.ok(!reply.headers.has(name), name);
    }
  }
});

test('without the scope of a route nothing is told about parameters', async (t) => {
  const { url, keys } = await startService(t, { desk: { scopes: ['summaries'] } });
  const refused: readonly (readonly [key: string, path: string])[] = [
    [keys.mobile, '/v1/summaries?tenant=globex'],
    [keys.mobile, '/v1/summaries?interactionId=&nonsense=x'],
    [keys.desk, '/v1/customer?tenant=acme&email=x'],
    [keys.desk, `/v1/customer?tenant=acme&${ADA}&include=summaries`],
  ];
  for (const [key, path] of refused) {
    assertProblem(await sendRaw(url, ['GET', path], { headers: bearer(key) }), 'forbidden', path);
  }
  const tenantFirst = await sendRaw(url, ['GET', '/v1/customer'], { headers: bearer(keys.desk) });
  assert.deepEqual(faultsIn(tenantFirst), ['tenant tenant-required']);
});

test('all faults of parameters are told at once', async (t) => {
  const { url, keys } = await startService(t);
  const query = [
    'tenant=acme',
    'email=x',
    'phoneNumber=x',
    'crmId=x',
    'startTime=x',
    'endTime=2026-01-01T00:00:00',
    'last=x',
    'include=x',
    'fields=x',
    'nonsense=x',
  ].join('&');
  const reply = await sendRaw(url, ['GET', `/v1/customer?${query}`], {
    headers: bearer(keys.desk),
  });
  assert.deepEqual([...faultsIn(reply)].sort(), [
    'crmId crm-unsupported',
    'email email-invalid',
    'endTime time-zone-missing',
    'fields field-unknown',
    'include include-unknown',
    'last duration-invalid',
    'last time-range-conflict',
    'nonsense parameter-unknown',
    'phoneNumber identity-conflict',
    'phoneNumber phone-invalid',
    'startTime time-invalid',
  ]);
});

test('the scope of what is included is asked for after the parameters, and before the cache', async (t) => {
  const { url, keys, sandbox } = await startService(t);
  const send = (key: string, query: string, more = {}) =>
    sendRaw(url, ['GET', `/v1/customer?tenant=acme&include=summaries&${query}`], {
      headers: { ...bearer(key), ...more },
    });
  const known = await send(keys.desk, ADA);
  assert.equal(known.status, 200);
  const calls = sandbox.calls.received;

  assert.deepEqual(faultsIn(await send(keys.other, 'email=x')), ['email email-invalid']);
  const tag = { 'If-None-Match': known.headers.get('etag') ?? '' };
  for (const more of [{}, tag, { 'If-None-Match': '*' }]) {
    const reply = await send(keys.other, ADA, more);
    assertProblem(reply, 'forbidden');
    for (const name of SECRETS) assert.ok(!reply.headers.has(name), name);
  }
  assert.equal(sandbox.calls.received, calls);
});

test('before a caller is known to be allowed, nothing tells that an answer is there', async (t) => {
  const service = await startService(t, { desk: { quota: { requests: 2, per: '1m' } } });
  const { url, keys } = service;
  const path = `/v1/customer?tenant=acme&${ADA}`;
  const known = await sendRaw(url, ['GET', path], { headers: bearer(keys.other) });
  const tag = { 'If-None-Match': known.headers.get('etag') ?? '' };
  assert.match(tag['If-None-Match'], /^".+"$/);
  const hit = { headers: { ...bearer(keys.other), ...tag } };
  assert.equal((await sendRaw(url, ['GET', path], hit)).status, 304);
  await exhaust(service);

  const rows: readonly (readonly [ProblemSlug, Readonly<Record<string, string>>])[] = [
    ['unauthenticated', {}],
    ['unauthenticated', bearer('x')],
    ['forbidden', bearer(keys.mobile)],
    ['quota-exceeded', bearer(keys.desk)],
  ];
  for (const [slug, credential] of rows) {
    for (const validator of [
      tag,
      { 'If-None-Match': '*' },
      { 'If-None-Match': `W/${tag['If-None-Match']}` },
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const headers = { ...credential, ...validator };
        const reply = await sendRaw(url, [method, path], { headers });
        if (method === 'GET') assertProblem(reply, slug);
        assert.ok(reply.status >= 400);
        assert.equal(reply.headers.get('cache-control'), 'no-store');
        for (const name of SECRETS) assert.ok(!reply.headers.has(name), name);
      }
    }
  }
});
