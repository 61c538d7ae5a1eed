// /problems: a page for each type of problem, readable without scripts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { PROBLEMS } from '../../src/domain/problem.ts';
import { FAULT_CODES } from '../../src/edge/openapi/fault-codes.ts';
import { registerProblemPages } from '../../src/edge/routes/problem-pages.ts';
import { problemSchema } from '../../src/edge/schemas.ts';
import { serveRoutes } from '../support/bare-server.ts';

const servePages = (t: TestContext) => serveRoutes(t, registerProblemPages);

test('every problem has a page with its status and title', async (t) => {
  const get = await servePages(t);
  for (const [slug, { status, title }] of Object.entries(PROBLEMS)) {
    const response = await get(`/problems/${slug}`);
    assert.equal(response.status, 200, slug);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    const html = await response.text();
    assert.ok(html.includes(`<h1>${title}</h1>`), slug);
    assert.ok(html.includes(`Status ${status}`), slug);
    assert.ok(html.includes('href="/docs"'), slug);
  }
});

test('the page of faulty requests says what each code means', async (t) => {
  const get = await servePages(t);
  const html = await (await get('/problems/invalid-request')).text();
  for (const code of FAULT_CODES) assert.ok(html.includes(`<dt><code>${code}</code></dt>`), code);
  const other = await (await get('/problems/forbidden')).text();
  assert.doesNotMatch(other, /<dl>/);
});

test('explanations are shown as text', async (t) => {
  const get = await servePages(t);
  const html = await (await get('/problems/unauthenticated')).text();
  assert.ok(html.includes('<code>Authorization: Bearer &lt;app key&gt;</code>'));
});

test('nothing but the one style may be used by a page', async (t) => {
  const get = await servePages(t);
  const response = await get('/problems/forbidden');
  const style = /<style>(.*)<\/style>/s.exec(await response.text())?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  assert.equal(
    response.headers.get('content-security-policy'),
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
});

test('/problems leads to every page', async (t) => {
  const get = await servePages(t);
  const html = await (await get('/problems')).text();
  const links = [...html.matchAll(/href="\/problems\/([a-z-]+)"/g)].map(([, slug]) => slug);
  assert.deepEqual(links, Object.keys(PROBLEMS));
});

for (const slug of ['nothing', 'constructor', '__proto__', 'forbidden%00', 'a'.repeat(5000)]) {
  test(`there is no page for ${slug.slice(0, 20)}`, async (t) => {
    const get = await servePages(t);
    const response = await get(`/problems/${slug}`);
    assert.equal(response.status, 404);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    const problem = problemSchema.parse(await response.json());
    assert.equal(problem.type, '/problems/not-found');
  });
}

test('a page is HTML whatever is accepted, and has a HEAD', async (t) => {
  const get = await servePages(t);
  const json = await get('/problems/forbidden', { headers: { accept: 'application/json' } });
  assert.equal(json.headers.get('content-type'), 'text/html; charset=utf-8');
  const head = await get('/problems/forbidden', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
});
