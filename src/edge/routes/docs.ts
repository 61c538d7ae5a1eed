// /openapi.json for machines and /docs for people. Nothing on the page comes from another host.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../domain/problem.ts';
import { isUnchanged } from '../reply.ts';
import { createDocsParts, type DocsPart, once } from './docs-parts.ts';

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

/** What the page has routes for, beside its files. */
const PAGE_URLS = ['/docs', '/docs/', '/docs/json', '/docs/yaml'];
const FILES = '/docs/static';
/** Each file has one address, so that there are as many to remember as there are files. */
const FILE_NAME = /^[\w-]+(?:\.[\w-]+)+$/;

/** Serves the document and a page on which its operations can be tried out, both loaded when first asked for. */
export async function registerDocs(server: FastifyInstance): Promise<void> {
  const json = once(async () => {
    const { openapiDocument } = await import('../openapi/document.ts');
    return JSON.stringify(openapiDocument());
  });
  server.get('/openapi.json', async (_request, reply) => {
    const text = await json();
    return reply
      .headers({
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      .send(text);
  });
  await server.register(async (docs) => {
    const parts = createDocsParts();
    docs.addHook('onSend', (_request, reply, _payload, done) => {
      reply.headers({
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      done();
    });
    for (const url of PAGE_URLS) {
      docs.get(url, async (request, reply) => sendPart(request, reply, await parts(url)));
    }
    docs.get<{ Params: { '*': string } }>(`${FILES}/*`, async (request, reply) => {
      const name = request.params['*'];
      if (!FILE_NAME.test(name)) throw new Problem('not-found');
      return sendPart(request, reply, await parts(`${FILES}/${name}`));
    });
  });
}

function sendPart(request: FastifyRequest, reply: FastifyReply, part: DocsPart): FastifyReply {
  const { status, headers, body } = part;
  const etag = String(headers.etag ?? '').replace(/^W\//, '');
  if (etag !== '' && isUnchanged(request, etag)) {
    return reply.code(304).header('etag', headers.etag).send();
  }
  return reply.code(status).headers(headers).send(body);
}
