// Paths, methods, keys and tenants: refused as the vendor and its gateway refuse them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createSandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';

const sandbox = await createSandbox();
after(() => sandbox.close());

const search = 'interactions-insight?email=nobody%40example.com';

function pathOf(tenantId: string, rest = search): string {
  return `/v1/public/tenants/${tenantId}/${rest}`;
}

test('every key opens every tenant of its account, in its region', async () => {
  const pairs = [
    [KEYS.acme, TENANTS.acme],
    [KEYS.acme, TENANTS.acmeUk],
    [KEYS.globex, TENANTS.globex],
    [KEYS.initech, TENANTS.initech],
    [KEYS.initechNext, TENANTS.initech],
  ] as const;
  for (const [key, { tenantId, region }] of pairs) {
    const url = sandbox.baseUrls[region] + pathOf(tenantId);
    const response = await fetch(url, { headers: { 'x-api-key': key } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
  }
  assert.deepEqual(new Set(Object.values(TENANTS).map(({ region }) => region)).size, 4);
});

test('a missing, wrong or doubled key gets a 401 without body and content type', async () => {
  const url = sandbox.baseUrls.us + pathOf(TENANTS.acme.tenantId);
  const wrong: NonNullable<RequestInit['headers']>[] = [
    {},
    { 'x-api-key': '' },
    { 'x-api-key': 'eght_wrong' },
    { 'x-api-key': KEYS.acme.toUpperCase() },
    { authorization: `Bearer ${KEYS.acme}` },
    [
      ['x-api-key', KEYS.acme],
      ['x-api-key', KEYS.acme],
    ],
  ];
  for (const headers of wrong) {
    const response = await fetch(url, { headers });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('content-type'), null);
    assert.equal(await response.text(), '');
  }
  const inQuery = await fetch(`${url}&x-api-key=${KEYS.acme}`);
  assert.equal(inQuery.status, 401);
});

test('a tenant of another account, of another region or unknown gets a 403 problem', async () => {
  const targets = [
    sandbox.baseUrls.ca + pathOf(TENANTS.globex.tenantId),
    sandbox.baseUrls.uk + pathOf(TENANTS.acme.tenantId),
    sandbox.baseUrls.us + pathOf('unknown'),
    sandbox.baseUrls.us + pathOf('unknown', 'transcript-summaries?interactionId=a'),
  ];
  for (const url of targets) {
    const response = await fetch(url, { headers: { 'x-api-key': KEYS.acme } });
    assert.equal(response.status, 403);
    assert.equal(response.headers.get('content-type'), 'application/json');
    const { detail, ...rest } = await json(response);
    assert.deepEqual(rest, { status: 403, title: 'Forbidden' });
    assert.equal(typeof detail, 'string');
  }
});

test('the key is judged before the tenant, and the tenant before the parameters', async () => {
  const foreign = sandbox.baseUrls.ca + pathOf(TENANTS.globex.tenantId, 'interactions-insight');
  assert.equal((await fetch(foreign)).status, 401);
  assert.equal((await fetch(foreign, { headers: { 'x-api-key': KEYS.acme } })).status, 403);
});

test('an unknown path gets a 404 in the shape of the gateway', async () => {
  const { us } = sandbox.baseUrls;
  const origin = new URL(us).origin;
  const urls = [
    us,
    `${us}/v1/public/tenants`,
    us + pathOf(TENANTS.acme.tenantId, 'interactions'),
    us + pathOf(TENANTS.acme.tenantId, 'interactions-insight/'),
    us + pathOf('%zz'),
    `${origin}/eu${pathOf(TENANTS.acme.tenantId)}`,
    `${origin}${pathOf(TENANTS.acme.tenantId)}`,
  ];
  for (const url of urls) {
    const response = await fetch(url, { headers: { 'x-api-key': KEYS.acme } });
    assert.equal(response.status, 404, url);
    await assertGatewayFault(response);
  }
});

test('another method than GET gets a 405 in the shape of the gateway', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const url = sandbox.baseUrls.us + pathOf(TENANTS.acme.tenantId);
    const response = await fetch(url, { method, headers: { 'x-api-key': KEYS.acme } });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'GET');
    await assertGatewayFault(response);
  }
});

async function assertGatewayFault(response: Response): Promise<void> {
  const { fault } = await json(response);
  assert.equal(typeof fault?.faultstring, 'string');
  assert.equal(typeof fault?.detail.errorcode, 'string');
}

interface Refused {
  detail?: string;
  fault?: { faultstring: string; detail: { errorcode: string } };
}

async function json(response: Response): Promise<Refused> {
  return JSON.parse(await response.text());
}
