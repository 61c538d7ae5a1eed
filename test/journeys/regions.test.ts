// Each tenant's calls go to the region where it lives, with its own key, and to nowhere else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REGIONS, type Region } from '../../src/domain/region.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { type Population, standardPopulation } from '../../src/sandbox/population.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { KEYS, TENANTS } from '../../src/sandbox/tenants.ts';
import { startService, VENDOR_KEYS } from '../support/service.ts';

const { ada } = CUSTOMERS;
const SEARCH = `contactId=${ada.contactId}&include=summaries`;

type Regional = Readonly<Record<Region, Sandbox>>;

/** A vendor of its own for each region, and the `regions` of a configuration that point there. */
async function startRegions(
  t: Parameters<typeof startService>[0],
): Promise<{ readonly vendors: Regional; readonly regions: Readonly<Record<Region, string>> }> {
  const [us, uk, ca, ap] = await Promise.all([
    createSandbox(),
    createSandbox(),
    createSandbox(),
    createSandbox(),
  ]);
  const vendors = { us, uk, ca, ap };
  t.after(() => Promise.all(Object.values(vendors).map((vendor) => vendor.close())));
  const regions = {
    us: us.baseUrls.us,
    uk: uk.baseUrls.uk,
    ca: ca.baseUrls.ca,
    ap: ap.baseUrls.ap,
  };
  return { vendors, regions };
}

test('calls go to the base URL of the region with the key of the tenant', async (t) => {
  const { vendors, regions } = await startRegions(t);
  const service = await startService(t, { sections: { regions } });
  const expected = {
    acme: { region: 'us', tenantId: TENANTS.acme.tenantId, key: VENDOR_KEYS.acme },
    'acme-uk': { region: 'uk', tenantId: TENANTS.acmeUk.tenantId, key: VENDOR_KEYS.acme },
    globex: { region: 'ca', tenantId: TENANTS.globex.tenantId, key: VENDOR_KEYS.globex },
    initech: { region: 'ap', tenantId: TENANTS.initech.tenantId, key: VENDOR_KEYS.initech },
  } as const;
  for (const [tenant, { region, tenantId, key }] of Object.entries(expected)) {
    const reply = await service.ask(`/v1/customer?tenant=${tenant}&${SEARCH}`);
    assert.equal(reply.status, 200);
    assert.equal(((await reply.json()) as { region: string }).region, region);
    assert.deepEqual(
      vendors[region].calls.all.map((call) => [
        call.path,
        call.method,
        call.headers['x-api-key'],
        Object.keys(call.headers).sort(),
      ]),
      ['interactions-insight', 'transcript-summaries'].map((resource) => [
        `/${region}/v1/public/tenants/${tenantId}/${resource}`,
        'GET',
        key,
        ['accept', 'accept-encoding', 'connection', 'host', 'x-api-key'],
      ]),
    );
    for (const elsewhere of REGIONS.filter((other) => other !== region)) {
      assert.equal(vendors[elsewhere].calls.received, 0, `${tenant} in ${elsewhere}`);
    }
    vendors[region].calls.clear();
  }
  assert.equal(service.sandbox.calls.received, 0);
});

/** Two tenants of one account with the same id, in two regions, each with interactions of its own. */
function twins(tenantId: string): Population {
  return standardPopulation(Date.now()).map((account) => ({
    ...account,
    tenants: account.tenants.map((tenant) => ({ ...tenant, tenantId })),
  }));
}

test('tenants with the same id in two regions have nothing in common', async (t) => {
  const tenantId = 'twins-0001';
  const service = await startService(t, {
    tenants: { acme: { tenantId }, 'acme-uk': { tenantId } },
    sandbox: { population: twins(tenantId) },
  });
  const idsIn = async (tenant: string): Promise<readonly string[]> => {
    const reply = await service.ask(`/v1/customer?tenant=${tenant}&contactId=${ada.contactId}`);
    assert.equal(reply.headers.get('cache-status'), 'customer-360; fwd=miss; stored');
    const { interactions } = (await reply.json()) as { interactions: readonly { id: string }[] };
    return interactions.map(({ id }) => id);
  };
  const [inUs, inUk] = [await idsIn('acme'), await idsIn('acme-uk')];
  assert.equal(inUs.length, ada.recent);
  assert.equal(inUk.length, ada.recent);
  assert.deepEqual(
    inUs.filter((id) => inUk.includes(id)),
    [],
  );
  assert.deepEqual(
    service.sandbox.calls.all.map(({ region }) => region),
    ['us', 'uk'],
  );
});

interface Line {
  readonly event: string;
  readonly level: number;
  readonly msg: string;
}

function refusals(logs: string): readonly Line[] {
  const lines = logs.split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ event }) => event === 'upstream-refused-key');
}

test('a tenant in the wrong region is a fault of the configuration, told to the operator', async (t) => {
  const service = await startService(t, { tenants: { acme: { region: 'uk' } } });
  const reply = await service.ask(`/v1/customer?tenant=acme&${SEARCH}`);
  assert.equal(reply.status, 502);
  assert.equal(((await reply.json()) as { type: string }).type, '/problems/upstream-misconfigured');
  const [line, ...others] = refusals(service.logs());
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(line, {
    level: 50,
    tenant: 'acme',
    region: 'uk',
    keyPosition: 1,
    status: 403,
  });
  assert.match(line?.msg ?? '', /apiKeys, tenantId and region/);
  assert.deepEqual(
    service.sandbox.calls.all.map(({ region }) => region),
    ['uk'],
  );
  const metrics = await (await fetch(`${service.opsUrl}/metrics`)).text();
  assert.match(
    metrics,
    /^customer360_upstream_refused_keys_total\{tenant="acme",region="uk"\} 1$/m,
  );
});

test('the next key of a tenant is tried when one is refused, and the operator hears of it', async (t) => {
  const service = await startService(t, {
    tenants: { initech: { apiKeys: [{ env: 'OLD_KEY' }, { env: 'NEXT_KEY' }] } },
    env: { OLD_KEY: 'eght_revoked', NEXT_KEY: KEYS.initechNext },
  });
  const reply = await service.ask(`/v1/customer?tenant=initech&contactId=${ada.contactId}`);
  assert.equal(reply.status, 200);
  assert.deepEqual(
    service.sandbox.calls.all.map(({ headers }) => headers['x-api-key']),
    ['eght_revoked', KEYS.initechNext],
  );
  assert.partialDeepStrictEqual(refusals(service.logs()), [
    { level: 50, tenant: 'initech', region: 'ap', keyPosition: 1, status: 401 },
  ]);
  assert.doesNotMatch(service.logs(), /eght_/);
});

test('the key of another account opens nothing', async (t) => {
  const service = await startService(t, { env: { ACME_KEY: VENDOR_KEYS.globex } });
  for (const tenant of ['acme', 'acme-uk']) {
    const reply = await service.ask(`/v1/customer?tenant=${tenant}&${SEARCH}`);
    assert.equal(reply.status, 502);
  }
  assert.equal((await service.ask(`/v1/customer?tenant=globex&${SEARCH}`)).status, 200);
});
