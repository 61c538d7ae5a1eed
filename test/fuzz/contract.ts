// What openapi/openapi.json says about replies, made ready to check many of them.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type {
  Content,
  Header,
  Operation,
  PathItem,
  Response,
} from '../../src/edge/openapi/operation.ts';

/** What one status of one operation may look like. */
export interface Allowed {
  /** Whether a header's text is as described, by its name in lower case. */
  readonly headers: ReadonlyMap<string, (text: string) => boolean>;
  /** Bodies by media type; none if there is no body. */
  readonly bodies: ReadonlyMap<string, z.ZodType>;
  /** The types of the problems that may be told, such as `/problems/forbidden`. */
  readonly problems: ReadonlySet<string>;
}

/** The replies of one operation by status. */
export type Replies = ReadonlyMap<number, Allowed>;

/** The document. */
export interface Contract {
  /** The replies to a method on a path (without query); null if the document does not say. */
  repliesTo(method: string, path: string): Replies | null;
  /** The replies of every operation. */
  readonly all: readonly Replies[];
}

interface Document {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly headers: Readonly<Record<string, Header>>;
  };
}

type Json = Readonly<Record<string, unknown>>;

const FILE = new URL('../../openapi/openapi.json', import.meta.url);
const NOT_MODIFIED = 304;

/** Reads the document of this version. */
export function readContract(): Contract {
  const document = JSON.parse(readFileSync(FILE, 'utf8')) as Document;
  const compile = createCompiler(document);
  const operations = Object.entries(document.paths).flatMap(([template, item]) => {
    const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`);
    const get = item.get && compile(item.get);
    const post = item.post && compile(item.post);
    return [...byMethod(get, post)].map(([method, replies]) => ({ pattern, method, replies }));
  });
  return {
    repliesTo: (method, path) =>
      operations.find((each) => each.method === method && each.pattern.test(path))?.replies ?? null,
    all: operations.map(({ replies }) => replies),
  };
}

/**
 * HEAD is GET; QUERY, which the format does not know, is POST that honours `If-None-Match`, as its text says. A path
 * without GET has no QUERY.
 */
function byMethod(
  get: Replies | undefined,
  post: Replies | undefined,
): ReadonlyMap<string, Replies> {
  const methods = new Map<string, Replies>();
  if (get) methods.set('GET', get).set('HEAD', get);
  if (post) methods.set('POST', post);
  const unchanged = get?.get(NOT_MODIFIED);
  if (post && unchanged) methods.set('QUERY', new Map([...post, [NOT_MODIFIED, unchanged]]));
  return methods;
}

function createCompiler({ components }: Document): (operation: Operation) => Replies {
  const $defs = withoutMore(components.schemas);
  const compiled = new Map<string, z.ZodType>();
  const compileBody = (schema: Content[string]['schema']): z.ZodType => {
    const name = JSON.stringify(schema);
    const held =
      compiled.get(name) ??
      z.fromJSONSchema({ ...(withoutMore(schema) as Json), $defs } as JsonSchema);
    compiled.set(name, held);
    return held;
  };
  const compileHeader = ({ schema }: Header): ((text: string) => boolean) => {
    const type = z.fromJSONSchema(schema as JsonSchema);
    const isNumber = schema.type === 'integer';
    return (text) => type.safeParse(isNumber && /^\d+$/.test(text) ? Number(text) : text).success;
  };
  const compileResponse = (response: Response): Allowed => {
    const contents = Object.entries(response.content ?? {});
    const problems = response.content?.['application/problem+json']?.examples ?? {};
    return {
      headers: new Map(
        Object.entries(response.headers ?? {}).map(([name, { $ref }]) => [
          name.toLowerCase(),
          compileHeader(lookUp(components.headers, $ref)),
        ]),
      ),
      bodies: new Map(contents.map(([type, { schema }]) => [type, compileBody(schema)])),
      problems: new Set(Object.keys(problems).map((slug) => `/problems/${slug}`)),
    };
  };
  return ({ responses }) =>
    new Map(
      Object.entries(responses).map(([status, response]) => [
        Number(status),
        compileResponse(
          '$ref' in response ? lookUp(components.responses, response.$ref) : response,
        ),
      ]),
    );
}

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

function lookUp<T>(components: Readonly<Record<string, T>>, reference: string): T {
  const found = components[reference.split('/').at(-1) ?? ''];
  if (found === undefined) throw new Error(`${reference} leads nowhere.`);
  return found;
}

/** A schema in which objects hold nothing but what is described, and references lead to `$defs`. */
function withoutMore(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutMore);
  if (node === null || typeof node !== 'object') return node;
  const entries = Object.entries(node).map(([name, value]) => [
    name,
    name === '$ref'
      ? String(value).replace('#/components/schemas/', '#/$defs/')
      : withoutMore(value),
  ]);
  const isObject = 'properties' in node && 'type' in node;
  return Object.fromEntries(isObject ? [...entries, ['additionalProperties', false]] : entries);
}
