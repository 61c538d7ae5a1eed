// The page below /docs as a server of its own, so that a process of which nobody asks for it need not load it.
import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyInstance } from 'fastify';
import { openapiDocument } from '../openapi/document.ts';

/** Creates the server, which does not listen. */
export async function createDocsPage(): Promise<FastifyInstance> {
  const page = Fastify();
  await page.register(swagger, {
    mode: 'static',
    specification: { document: openapiDocument() as StaticDocumentSpec['document'] },
  });
  await page.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Customer 360 BFF' },
    // Without the bar that would load a document from anywhere.
    uiConfig: { layout: 'BaseLayout', displayRequestDuration: true },
  });
  return page;
}
