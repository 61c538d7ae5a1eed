// The OpenAPI document: well-formed, whole, and true to what the service reads and answers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { z } from 'zod';
import { readBatch, readBatchCustomer } from '../../src/domain/batch.ts';
import { customerFrom, withSummaries } from '../../src/domain/customer.ts';
import {
  CUSTOMER_PARAMETERS,
  type CustomerRequest,
  EXPORT_PARAMETERS,
  readCustomerRequest,
} from '../../src/domain/customer-request.ts';
import { selectFields, selectHistory } from '../../src/domain/customer-view.ts';
import { type HistoryPage, historyFrom } from '../../src/domain/history.ts';
import { HISTORY_PARAMETERS, type Paging } from '../../src/domain/history-request.ts';
import { IDENTITY_PARAMETERS } from '../../src/domain/identity.ts';
import type { Interaction, InteractionField } from '../../src/domain/interaction.ts';
import {
  type Parameters,
  parametersFromBody,
  parametersFromQuery,
} from '../../src/domain/parameters.ts';
import { isProblem, PROBLEMS, type ProblemSlug } from '../../src/domain/problem.ts';
import { readSummariesRequest, summariesAnswer } from '../../src/domain/summaries.ts';
import { derivedFrom, tallyOf } from '../../src/domain/tally.ts';
import { TIME_PARAMETERS } from '../../src/domain/time-range.ts';
import type { VendorCustomer } from '../../src/domain/vendor-answer.ts';
import { batchSchema } from '../../src/edge/batch-schemas.ts';
import { chooseFormat } from '../../src/edge/export-formats.ts';
import { historySchema, timelineSchema } from '../../src/edge/history-schema.ts';
import { openapiDocument } from '../../src/edge/openapi/document.ts';
import { CSV_EXPORT, CUSTOMER, NDJSON_EXPORT } from '../../src/edge/openapi/examples.ts';
import type { Content, Operation, Parameter, Response } from '../../src/edge/openapi/operation.ts';
import {
  customerSchema,
  healthSchema,
  problemSchema,
  summariesSchema,
} from '../../src/edge/schemas.ts';
import { faultsOf, tenantWith } from '../support/queries.ts';

interface Document {
  readonly openapi: string;
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly [kind: string]: Readonly<Record<string, unknown>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

const text = JSON.stringify(openapiDocument());
const document = JSON.parse(text) as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);
const references = new Set(
  [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? ''),
);

const NOW = Date.parse('2025-08-20T12:00:00Z');
const tenant = tenantWith();

test('openapi/openapi.json is what the source says', () => {
  const file = new URL('../../openapi/openapi.json', import.meta.url);
  assert.equal(readFileSync(file, 'utf8'), `${JSON.stringify(openapiDocument(), null, 2)}\n`);
});

test('it is OpenAPI 3.1 with these operations', () => {
  assert.match(document.openapi, /^3\.1\.\d$/);
  assert.deepEqual(
    operations.map(({ method, path }) => `${method} ${path}`),
    [
      'get /v1/customer',
      'post /v1/customer',
      'get /v1/customer/export',
      'post /v1/customer/export',
      'post /v1/customers',
      'post /v1/timeline',
      'get /v1/summaries',
      'post /v1/summaries',
      'get /livez',
      'get /readyz',
      'get /openapi.json',
      'get /problems/{slug}',
    ],
  );
});

test('every reference leads to a component, and every component is referred to', () => {
  for (const path of references) {
    const target = path.split('/').reduce<unknown>((node, key) => member(node, key), document);
    assert.ok(target, path);
  }
  const { securitySchemes: _, ...kinds } = document.components;
  for (const [kind, components] of Object.entries(kinds)) {
    for (const name of Object.keys(components)) {
      assert.ok(references.has(`components/${kind}/${name}`), `${kind}/${name}`);
    }
  }
});

test('operations have unique ids, known tags and texts, and say who may call them', () => {
  const tags = new Set(document.tags.map(({ name }) => name));
  const ids = new Set(operations.map(({ operation }) => operation.operationId));
  assert.equal(ids.size, operations.length);
  for (const { path, operation } of operations) {
    assert.ok(operation.summary.length > 0 && operation.description.length > 0, path);
    assert.ok(
      operation.tags.every((tag) => tags.has(tag)),
      path,
    );
    assert.equal(operation.security === undefined, path.startsWith('/v1/'), path);
    const parameters = operation.parameters ?? [];
    assert.equal(new Set(parameters.map(({ name }) => name)).size, parameters.length, path);
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    assert.deepEqual(
      inPath.map(({ name }) => `{${name}}`),
      path.match(/\{\w+\}/g) ?? [],
    );
  }
});

test('every problem of this version stands in the overview and in the replies of an operation', () => {
  const notYet: readonly ProblemSlug[] = ['store-unavailable'];
  const described = new Set(problemExamples().map(({ slug }) => slug));
  for (const slug of Object.keys(PROBLEMS) as ProblemSlug[]) {
    const isUsed = !notYet.includes(slug);
    assert.equal(document.info.description.includes(`/problems/${slug})`), isUsed, slug);
    // A method that a path does not have is no operation.
    if (slug !== 'method-not-allowed') assert.equal(described.has(slug), isUsed, slug);
  }
});

test('a problem stands under its own status and wears its own headers', () => {
  for (const { slug, status, headers } of problemExamples()) {
    assert.equal(status, PROBLEMS[slug].status, slug);
    assert.equal(headers.includes('Retry-After'), status === 429 || status === 503, slug);
    assert.equal(headers.includes('WWW-Authenticate'), status === 401, slug);
  }
});

test('answers name every header of theirs', () => {
  const always = ['Cache-Control', 'Vary', 'X-Request-Id', 'RateLimit', 'RateLimit-Policy'];
  for (const { path, method, operation } of operations.filter((o) => o.path.startsWith('/v1/'))) {
    const ok = headerNames(resolve(operation.responses['200']));
    // A batch and an export are made for one request.
    const isKept = !['/v1/customers', '/v1/customer/export'].includes(path);
    const kept = isKept ? ['ETag', 'Age', 'Cache-Status'] : [];
    const all = [...always, ...kept].sort();
    assert.deepEqual(ok.sort(), [...all, 'Content-Encoding'].sort(), path);
    const unchanged = operation.responses['304'];
    assert.equal(unchanged !== undefined, method === 'get' && isKept, path);
    if (unchanged) assert.deepEqual(headerNames(resolve(unchanged)).sort(), all, path);
  }
});

test('every example of a reply is what its schema says, and holds nothing else', () => {
  const schemas: Readonly<Record<string, z.ZodType>> = {
    Customer: customerSchema,
    History: historySchema,
    Timeline: timelineSchema,
    Customers: batchSchema,
    Summaries: summariesSchema,
    Problem: problemSchema,
    Health: healthSchema,
  };
  const contents = operations.flatMap(({ operation }) =>
    Object.values(operation.responses).flatMap((response) =>
      Object.values(resolve(response).content ?? {}),
    ),
  );
  const judged = new Set<string>();
  for (const { schema, examples } of contents) {
    for (const { value } of Object.values(examples ?? {})) {
      // Lines: they are judged by themselves.
      if (typeof value === 'string') continue;
      const names = componentsOf(schema);
      const fitting = names.filter((name) => schemas[name]?.safeParse(value).success);
      assert.equal(fitting.length, 1, JSON.stringify(value));
      judged.add(fitting.join());
    }
  }
  assert.deepEqual([...judged].sort(), Object.keys(schemas).sort());
});

test('the examples of an export are what one looks like', () => {
  const few = new Set(['channel', 'startedAt', 'topics'] as const);
  const exported = (accept: string, fields: ReadonlySet<InteractionField> | null) => {
    const format = chooseFormat(accept)?.({ fields, hide: new Set() });
    assert.ok(format);
    const end = format.end({ interactions: 1, gaps: [] });
    return format.head + format.rows(CUSTOMER.interactions) + end;
  };
  assert.equal(exported('application/x-ndjson', null), NDJSON_EXPORT);
  assert.equal(exported('text/csv', few), CSV_EXPORT);
});

test('the parameters of an export are those that are read', () => {
  const get = document.paths['/v1/customer/export']?.get;
  const named = (get?.parameters ?? []).filter((parameter) => parameter.in === 'query');
  assert.deepEqual(
    named.map(({ name }) => name),
    EXPORT_PARAMETERS,
  );
  const known = new Set<string>(EXPORT_PARAMETERS);
  const bodies = bodyExamples('/v1/customer/export').map((body) =>
    readCustomerRequest(parametersFromBody(body), { tenant, now: NOW, known }),
  );
  assert.equal(bodies.length, 1);
});

test('the parameters of a customer are those that are read', () => {
  const get = document.paths['/v1/customer']?.get;
  const named = (get?.parameters ?? []).filter((parameter) => parameter.in === 'query');
  const known = [
    'tenant',
    ...IDENTITY_PARAMETERS,
    'crmId',
    ...TIME_PARAMETERS,
    'include',
    'fields',
    ...HISTORY_PARAMETERS,
  ];
  assert.deepEqual(
    named.map(({ name }) => name),
    known,
  );
  for (const parameter of named) {
    const {
      items,
      enum: choices,
      examples,
    } = parameter.schema as {
      items?: { enum: readonly string[] };
      enum?: readonly string[];
      examples?: readonly string[];
    };
    const values = items ? [items.enum.join()] : (choices ?? examples);
    assert.ok(values, parameter.name);
    for (const value of values) assert.doesNotThrow(() => readQuery(parameter, value), value);
  }
});

test('every example of a body is read without a fault', () => {
  const customers = bodyExamples('/v1/customer').map((body) =>
    readCustomerRequest(parametersFromBody(body), { tenant, now: NOW }),
  );
  assert.deepEqual(
    customers.map(({ query }) => query.identity.by),
    ['email', 'phone', 'account', 'email'],
  );
  for (const body of bodyExamples('/v1/customers')) {
    const batch = readBatch(parametersFromBody(body)).map((customer) =>
      faultsOf(() => readBatchCustomer(customer, { tenant, now: NOW })),
    );
    // The last one shows faults, those of the reply beside it.
    assert.deepEqual(batch, [[], [], ['email email-invalid', 'startTime time-zone-missing']]);
  }
  const summaries = bodyExamples('/v1/summaries').map((body) =>
    readSummariesRequest(parametersFromBody(body), tenant),
  );
  assert.deepEqual(
    summaries.map(({ interactionIds }) => interactionIds.length),
    [2],
  );
});

test('as many ids and customers may be asked for as the document says', () => {
  const numbered = (length: number) => Array.from({ length }, (_, n) => `int-${n}`);
  const readers = {
    '/v1/summaries': {
      list: 'interactionIds',
      read: (body: Parameters) => readSummariesRequest(body, tenant).interactionIds,
    },
    '/v1/customers': { list: 'customers', read: readBatch },
  };
  for (const [path, { list, read }] of Object.entries(readers)) {
    const { properties } = bodyOf(path).schema as {
      properties: Record<string, { minItems: number; maxItems: number } | undefined>;
    };
    const { minItems = 0, maxItems = 0 } = properties[list] ?? {};
    const count = (length: number) => read(parametersFromBody({ [list]: numbered(length) })).length;
    assert.equal(count(minItems), minItems);
    assert.equal(count(maxItems), maxItems);
    assert.throws(() => count(minItems - 1), isProblem);
    assert.throws(() => count(maxItems + 1), isProblem);
  }
});

test('the parameters of a customer within a batch are those that are read', () => {
  const { properties } = bodyOf('/v1/customers').schema as {
    properties: { customers: { items: { properties: object } } };
  };
  assert.deepEqual(Object.keys(properties.customers.items.properties), [...CUSTOMER_PARAMETERS]);
});

test('what the domain answers is what the schemas say', () => {
  const request = customerRequest({ email: 'customer@example.com', include: ['summaries'] });
  const plain = customerFrom(request.query, VENDOR_CUSTOMER);
  const results = [
    {
      id: 'int-1',
      summary: { text: 'x', status: null, type: null, durationSeconds: 1.5, createdAt: null },
    },
    { id: 'int-2', reason: 'unavailable' as const },
  ];
  const joined = withSummaries(plain, results);
  const few = selectFields(joined, {
    fields: new Set(['channel']),
    hide: new Set(['topics', 'address']),
  });
  for (const answer of [plain, joined, few]) {
    assert.deepEqual(customerSchema.parse(answer), answer);
  }
  const history = historyFrom(request.query, pageOf(joined.interactions), 'cursor');
  const hidden = selectHistory(history, { fields: null, hide: new Set(['topics', 'channel']) });
  for (const answer of [history, hidden]) assert.deepEqual(historySchema.parse(answer), answer);
  const query = { tenant, interactionIds: ['int-1', 'int-2'], owner: null };
  const summaries = summariesAnswer(query, results);
  assert.deepEqual(summariesSchema.parse(summaries), summaries);
});

test('the schemas refuse what is not documented', () => {
  const request = customerRequest({ email: 'customer@example.com' });
  const answer = customerFrom(request.query, VENDOR_CUSTOMER);
  assert.equal(customerSchema.safeParse({ ...answer, more: 1 }).success, false);
  assert.equal(customerSchema.safeParse({ ...answer, interactions: [{}] }).success, false);
  assert.equal(
    customerSchema.safeParse({ ...answer, interactions: [{ id: 'x', startedAt: 1 }] }).success,
    false,
  );
  assert.equal(healthSchema.safeParse({ status: 'ill' }).success, false);
});

const VENDOR_CUSTOMER: VendorCustomer = {
  rows: 2,
  droppedRows: 0,
  interactions: ['int-1', 'int-2'].map((interactionId) => ({
    interactionId,
    contactId: null,
    mediaIdentifier: 'customer@example.com',
    mediaType: 'EMAIL',
    chatType: null,
    direction: 'INBOUND',
    productType: 'CC',
    startedAt: NOW - 60_000,
    endedAt: NOW,
    sentiment: null,
    topics: [{ topic: 'billing', matches: null }],
    wrapUpCodes: ['resolved'],
    queueName: null,
    departmentName: null,
    outcomeLabel: null,
    interactionLabels: [],
    title: null,
    emailSubject: null,
    signals: [],
  })),
  insights: {
    sentiments: { totalInteractions: 2, customer: 'POSITIVE', agent: null, overall: null },
    topics: {
      totalInteractions: null,
      frequency: [
        {
          topicName: 'billing',
          categoryName: null,
          interactionsMatchedCount: 1,
          percentageMatched: 33.3,
        },
      ],
    },
  },
};

function customerRequest(body: Readonly<Record<string, unknown>>): CustomerRequest {
  return readCustomerRequest(parametersFromBody(body), { tenant, now: NOW });
}

const pageOf = (interactions: readonly Interaction[]): HistoryPage => ({
  gaps: [{ startTime: '2025-08-01T00:00:00.000Z', endTime: '2025-08-01T00:00:01.000Z' }],
  interactions,
  insights: null,
  derived: derivedFrom(tallyOf(interactions)),
  next: null,
  summaryFailures: [],
});

/** Every text is a cursor. */
const paging: Paging = {
  open: () => ({ firstAt: NOW, question: '', after: { startedAt: NOW, id: 'int-1' } }),
  questionOf: () => '',
};

/** Reads one parameter of a query string, with what it needs beside it. */
function readQuery({ name }: Parameter, value: string): void {
  const query = new URLSearchParams({ [name]: value });
  if (!IDENTITY_PARAMETERS.some((parameter) => parameter === name)) query.set('accountId', 'a');
  if (name === 'fields') query.set('include', 'summaries');
  if (name === 'limit' || name === 'cursor') query.set('history', 'complete');
  readCustomerRequest(parametersFromQuery(query.toString()), { tenant, now: NOW, paging });
}

function problemExamples() {
  return operations.flatMap(({ operation }) =>
    Object.entries(operation.responses).flatMap(([status, reference]) => {
      const response = resolve(reference);
      const { examples = {} } = response.content?.['application/problem+json'] ?? {};
      return Object.keys(examples).map((slug) => ({
        slug: slug as ProblemSlug,
        status: Number(status),
        headers: headerNames(response),
      }));
    }),
  );
}

function resolve(response: Operation['responses'][string] | undefined): Response {
  assert.ok(response);
  if (!('$ref' in response)) return response;
  const found = document.components.responses[response.$ref.split('/').at(-1) ?? ''];
  assert.ok(found);
  return found;
}

function componentsOf(schema: Content[string]['schema']): readonly string[] {
  const references: readonly { readonly $ref?: unknown }[] =
    'anyOf' in schema ? (schema.anyOf ?? []) : [schema];
  return references.map(({ $ref }) => String($ref).split('/').at(-1) ?? '');
}

function headerNames({ headers }: Response): string[] {
  return Object.keys(headers ?? {});
}

function bodyOf(path: string): Content[string] {
  const body = document.paths[path]?.post?.requestBody?.content['application/json'];
  assert.ok(body);
  return body;
}

function bodyExamples(path: string): readonly Readonly<Record<string, unknown>>[] {
  return Object.values(bodyOf(path).examples ?? {}).map(
    ({ value }) => value as Readonly<Record<string, unknown>>,
  );
}

function member(node: unknown, key: string): unknown {
  return (node as Readonly<Record<string, unknown>> | undefined)?.[key];
}
