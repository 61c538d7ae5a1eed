// /openapi.json for machines and /docs for people. Nothing on the page comes from another host.
import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { openapiDocument } from '../openapi/document.ts';

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

/** Serves the document and a page on which its operations can be tried out. */
export async function registerDocs(server: FastifyInstance): Promise<void> {
  const document = openapiDocument();
  const json = JSON.stringify(document);
  server.get('/openapi.json', async (_request, reply) =>
    reply
      .headers({
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      .send(json),
  );
  await server.register(async (docs) => {
    docs.addHook('onSend', (_request, reply, _payload, done) => {
      reply.headers({
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      done();
    });
    await docs.register(swagger, {
      mode: 'static',
      specification: { document: document as StaticDocumentSpec['document'] },
    });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      theme: { title: 'Customer 360 BFF' },
      // Without the bar that would load a document from anywhere.
      uiConfig: { layout: 'BaseLayout', displayRequestDuration: true },
    });
  });
}
