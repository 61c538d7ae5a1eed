// The description of `/v1/customer/export`.
import { requestSchema } from './components.ts';
import { CSV_EXPORT, NDJSON_EXPORT } from './examples.ts';
import { COMMON_HEADERS, headerReferences, QUOTA_HEADERS } from './headers.ts';
import type { Operation, PathItem, Response } from './operation.ts';
import { exportBody, HEADER_PARAMETERS, queryParameters } from './parameters.ts';
import { BODY_PROBLEMS, problemReferences, V1_PROBLEMS } from './problem-responses.ts';

const PROBLEMS = [...V1_PROBLEMS, 'NotAcceptable'] as const;

const OK: Response = {
  description:
    'The whole history, newest first, as it is fetched. An export whose last line is missing was cut off. The last line says whether something is missing; asking again goes on there.',
  headers: headerReferences([...COMMON_HEADERS, ...QUOTA_HEADERS, 'Content-Encoding']),
  content: {
    'application/x-ndjson': {
      schema: {
        type: 'string',
        description:
          'One interaction a line, as in the answer of `/v1/customer`; at last `{"end":true,"complete":…,"interactions":…,"gaps":[…]}`.',
      },
      examples: { lines: { summary: 'One interaction', value: NDJSON_EXPORT } },
    },
    'text/csv': {
      schema: {
        type: 'string',
        description:
          'RFC 4180 with a header: the fields in the order of an answer. Lists are joined by `;`, of topics the names. Cells that begin with `=`, `+`, `-` or `@` get an apostrophe before them, so that spreadsheets take them for text. At last `#end,<complete>,<interactions>`.',
      },
      examples: { lines: { summary: 'One interaction, few fields', value: CSV_EXPORT } },
    },
  },
};

const GET: Operation = {
  operationId: 'getExport',
  tags: ['customer'],
  summary: 'The whole history of a customer as a stream',
  description:
    'Needs the scope `export`. NDJSON, or CSV for those who take `text/csv` before it. What is not read is not fetched, and calls to 8x8 are made behind those of all callers who wait for an answer.',
  parameters: [
    ...queryParameters(exportBody).map((parameter) =>
      parameter.name === 'email' ? { ...parameter, example: 'customer@example.com' } : parameter,
    ),
    ...HEADER_PARAMETERS,
  ],
  responses: { 200: OK, ...problemReferences(PROBLEMS) },
};

const POST: Operation = {
  operationId: 'postExport',
  tags: ['customer'],
  summary: 'The same, without personal data in the URL',
  description:
    'The same operation as GET, with the parameters as a JSON object and no query string.\n\nThe method QUERY (RFC 10008) takes the same body and is safe to repeat; this format cannot describe it.',
  parameters: HEADER_PARAMETERS,
  requestBody: {
    description: 'The parameters of GET.',
    required: true,
    content: {
      'application/json': {
        schema: requestSchema(exportBody),
        examples: {
          everything: {
            summary: 'Everything of the last ten years',
            value: { tenant: 'acme', email: 'customer@example.com', last: 'P10Y' },
          },
        },
      },
    },
  },
  responses: { 200: OK, ...problemReferences([...PROBLEMS, ...BODY_PROBLEMS]) },
};

/** The operations of `/v1/customer/export`. */
export const EXPORT_PATH: PathItem = { get: GET, post: POST };
