// /openapi.json for machines and /docs for people. Nothing on the page comes from another host.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../domain/problem.ts';

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page has routes for. */
const PAGE_URLS = [
  '/docs',
  '/docs/',
  '/docs/json',
  '/docs/yaml',
  '/docs/static/index.html',
  '/docs/static/swagger-initializer.js',
  '/docs/static/*',
];

/** Those that speak of a connection, which is this server's own. */
const OWN_HEADERS = new Set(['connection', 'date', 'transfer-encoding']);

/** Serves the document and a page on which its operations can be tried out, both loaded when first asked for. */
export async function registerDocs(server: FastifyInstance): Promise<void> {
  let json: Promise<string> | undefined;
  server.get('/openapi.json', async (_request, reply) => {
    json ??= loadJson();
    return reply
      .headers({
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      .send(await json);
  });
  await server.register(async (docs) => {
    let page: Promise<FastifyInstance> | undefined;
    docs.addHook('onSend', (_request, reply, _payload, done) => {
      reply.headers({
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      done();
    });
    for (const url of PAGE_URLS) {
      docs.get(url, async (request, reply) => {
        page ??= loadPage();
        return relay(await page, request, reply);
      });
    }
  });
}

async function loadJson(): Promise<string> {
  const { openapiDocument } = await import('../openapi/document.ts');
  return JSON.stringify(openapiDocument());
}

async function loadPage(): Promise<FastifyInstance> {
  const { createDocsPage } = await import('./docs-page.ts');
  return createDocsPage();
}

/** Answers a request with what the page's own server, which no socket leads to, answers. */
async function relay(
  page: FastifyInstance,
  { url = '/', headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const answer = await page.inject({ method: 'GET', url, headers });
  if (answer.statusCode === 404) throw new Problem('not-found');
  if (answer.statusCode >= 500) throw new Problem('internal-error');
  if (answer.statusCode >= 400) throw new Problem('malformed-request');
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !OWN_HEADERS.has(name)) reply.header(name, value);
  }
  reply.code(answer.statusCode);
  return answer.rawPayload.length > 0 ? reply.send(answer.rawPayload) : reply.send();
}
