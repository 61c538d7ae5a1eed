// /openapi.json and /docs: public, complete without any other host, and strict about scripts.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openapiDocument } from '../../src/edge/openapi/document.ts';
import { registerDocs } from '../../src/edge/routes/docs.ts';
import { createDocsParts, once } from '../../src/edge/routes/docs-parts.ts';
import { serveRoutes } from '../support/bare-server.ts';

const serveDocs = (t: TestContext) => serveRoutes(t, registerDocs);

test('/openapi.json is the document', async (t) => {
  const get = await serveDocs(t);
  const response = await get('/openapi.json');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(openapiDocument())));
});

for (const path of ['/docs', '/docs/']) {
  test(`${path} is a page whose every part comes from here`, async (t) => {
    const get = await serveDocs(t);
    const response = await get(path);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
    const html = await response.text();
    const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
    assert.ok(addresses.length >= 5);
    for (const address of addresses) {
      const url = new URL(address ?? '', response.url);
      assert.equal(url.origin, new URL(response.url).origin);
      const part = await get(url.pathname);
      assert.equal(part.status, 200, url.pathname);
      await part.arrayBuffer();
    }
  });
}

test('the page needs no inline script or style, and may connect to this origin alone', async (t) => {
  const get = await serveDocs(t);
  const response = await get('/docs');
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none';/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.match(policy, /connect-src 'self'/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  const html = await response.text();
  assert.doesNotMatch(html, /<style|<script(?![^>]* src=)|\son\w+=|\sstyle=/);
});

test('the page shows this document, asks no validator, and loads no other document', async (t) => {
  const get = await serveDocs(t);
  const script = await (await get('/docs/static/swagger-initializer.js')).text();
  assert.match(script, /validatorUrl: null/);
  assert.match(script, /"layout":"BaseLayout"/);
  assert.match(script, /url: resolveUrl\('\.\/json'\)/);
  const shown = await get('/docs/json');
  assert.deepEqual(await shown.json(), JSON.parse(JSON.stringify(openapiDocument())));
});

test('a part that does not exist is a problem', async (t) => {
  const get = await serveDocs(t);
  const response = await get('/docs/static/nothing.js');
  assert.equal(response.status, 404);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
});

test('a part is asked for again only where it changed, and always whole', async (t) => {
  const get = await serveDocs(t);
  const style = '/docs/static/swagger-ui.css';
  const whole = await get(style);
  const { byteLength } = await whole.arrayBuffer();
  const etag = whole.headers.get('etag') ?? '';
  const unchanged = await get(style, {
    headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' },
  });
  assert.equal(unchanged.status, 304);
  assert.equal(await unchanged.text(), '');
  assert.equal(unchanged.headers.get('etag'), etag);
  assert.equal(unchanged.headers.get('content-type'), null);
  const asked = await get(style, { headers: { range: 'bytes=0-9' } });
  assert.deepEqual([asked.status, asked.headers.get('accept-ranges')], [200, null]);
  assert.equal((await asked.arrayBuffer()).byteLength, byteLength);
  const head = await get(style, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(byteLength));
  assert.equal(head.headers.get('etag'), etag);
});

test('a file has one address; the page has another one', async (t) => {
  const get = await serveDocs(t);
  for (const name of ['.%2flogo.svg', '..%2fpackage.json', 'x/logo.svg', '%00', 'logo.svg/', '']) {
    const { status, headers } = await get(`/docs/static/${name}`);
    assert.equal(status, 404, name);
    assert.equal(headers.get('content-type'), 'application/problem+json');
  }
  assert.equal((await get('/docs/static/logo.svg?x=1')).status, 200);
  const moved = await get('/docs/static/index.html', { redirect: 'manual' });
  assert.equal(moved.status, 302);
  assert.equal(moved.headers.get('location'), '/docs/');
  const yaml = await get('/docs/yaml');
  assert.equal(yaml.headers.get('content-type'), 'application/x-yaml');
  assert.match(await yaml.text(), /^openapi: 3\.1\.1$/m);
});

test('all who ask for a part share its bytes', async () => {
  const parts = createDocsParts();
  const path = '/docs/static/swagger-ui-bundle.js';
  const [one, other] = await Promise.all([parts(path), parts(path)]);
  assert.equal(one.body, other.body);
  assert.equal((await parts(path)).body, one.body);
  await assert.rejects(parts('/docs/static/nothing.js'), { slug: 'not-found' });
});

test('what could not be made is tried again, and made once', async () => {
  let tries = 0;
  const make = once(async () => {
    tries += 1;
    if (tries === 1) throw new RangeError('not yet');
    return tries;
  });
  await assert.rejects(make(), RangeError);
  assert.deepEqual([await make(), await make()], [2, 2]);
});
