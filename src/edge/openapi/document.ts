// The OpenAPI 3.1 document of what callers can ask in this version.
import { replySchemas } from './components.ts';
import { CUSTOMER_PATH } from './customer-path.ts';
import { CUSTOMERS_PATH } from './customers-path.ts';
import { EXPORT_PATH } from './export-path.ts';
import { HEADERS } from './headers.ts';
import { INFO } from './info.ts';
import { problemResponses } from './problem-responses.ts';
import { PUBLIC_PATHS } from './public-paths.ts';
import { SUMMARIES_PATH } from './summaries-path.ts';
import { TIMELINE_PATH } from './timeline-path.ts';

const TAGS = [
  { name: 'customer', description: 'One customer, however it is named, as one answer.' },
  { name: 'summaries', description: 'Transcript summaries of interactions.' },
  { name: 'service', description: 'About the service itself. Needs no credential.' },
];

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The app key as a bearer credential.' },
  appKey: { type: 'apiKey', in: 'header', name: 'X-App-Key', description: 'The app key.' },
};

/** The document, always the same for one version, with keys in a fixed order. */
export function openapiDocument(): object {
  return {
    openapi: '3.1.1',
    info: INFO,
    servers: [{ url: '/', description: 'The service that served this document.' }],
    tags: TAGS,
    security: [{ bearer: [] }, { appKey: [] }],
    paths: {
      '/v1/customer': CUSTOMER_PATH,
      '/v1/customer/export': EXPORT_PATH,
      '/v1/customers': CUSTOMERS_PATH,
      '/v1/timeline': TIMELINE_PATH,
      '/v1/summaries': SUMMARIES_PATH,
      ...PUBLIC_PATHS,
    },
    components: {
      securitySchemes: SECURITY_SCHEMES,
      schemas: replySchemas(),
      responses: problemResponses(),
      headers: HEADERS,
    },
  };
}
