// The description of the paths that need no credential.
import { COMMON_HEADERS, headerReferences } from './headers.ts';
import type { Content, Operation, PathItem, Response } from './operation.ts';
import { COMMON_PROBLEMS, problemReferences } from './problem-responses.ts';

const LIVEZ: Operation = {
  operationId: 'getLiveness',
  tags: ['service'],
  summary: 'Whether the process works',
  description: 'For those who restart a process that does not.',
  security: [],
  responses: {
    200: ok('The process works.', health({ alive: { status: 'ok' } })),
    ...problemReferences(COMMON_PROBLEMS),
  },
};

const READYZ: Operation = {
  operationId: 'getReadiness',
  tags: ['service'],
  summary: 'Whether the process should get traffic',
  description:
    'For balancers: 503 from the moment the process is told to end. Redis or 8x8 being out of reach leaves it at 200.',
  security: [],
  responses: {
    200: ok(
      'The process should get traffic.',
      health({
        ready: { status: 'ok', degraded: [] },
        degraded: { status: 'ok', degraded: ['redis'] },
      }),
    ),
    ...problemReferences(COMMON_PROBLEMS),
  },
};

const OPENAPI: Operation = {
  operationId: 'getOpenapi',
  tags: ['service'],
  summary: 'This document',
  description: 'OpenAPI 3.1, to generate clients from. `/docs` shows it to a person.',
  security: [],
  responses: {
    200: ok('This document.', { 'application/json': { schema: { type: 'object' } } }),
    ...problemReferences(COMMON_PROBLEMS),
  },
};

const PROBLEM: Operation = {
  operationId: 'getProblem',
  tags: ['service'],
  summary: 'What a type of problem means',
  description: 'A page for a person. `type` in a problem is the address of its page.',
  security: [],
  parameters: [
    {
      name: 'slug',
      in: 'path',
      required: true,
      description: 'The last segment of a problem’s `type`.',
      schema: { type: 'string' },
      example: 'invalid-request',
    },
  ],
  responses: {
    200: ok('The page.', { 'text/html': { schema: { type: 'string' } } }),
    ...problemReferences([...COMMON_PROBLEMS, 'NotFound']),
  },
};

/** The public paths. */
export const PUBLIC_PATHS: Readonly<Record<string, PathItem>> = {
  '/livez': { get: LIVEZ },
  '/readyz': { get: READYZ },
  '/openapi.json': { get: OPENAPI },
  '/problems/{slug}': { get: PROBLEM },
};

function ok(description: string, content: Content): Response {
  return { description, headers: headerReferences(COMMON_HEADERS), content };
}

function health(values: Readonly<Record<string, unknown>>): Content {
  const examples = Object.entries(values).map(([name, value]) => [name, { summary: name, value }]);
  return {
    'application/json': {
      schema: { $ref: '#/components/schemas/Health' },
      examples: Object.fromEntries(examples),
    },
  };
}
