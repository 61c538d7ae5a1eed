// What the operations of `/v1` answer, beside problems.
import {
  CACHE_HEADERS,
  COMMON_HEADERS,
  type HeaderName,
  headerReferences,
  QUOTA_HEADERS,
} from './headers.ts';
import type { Example, JsonSchema, Reference, Response } from './operation.ts';

const COUNTED: readonly HeaderName[] = [...COMMON_HEADERS, ...QUOTA_HEADERS];
const KEPT: readonly HeaderName[] = [...COUNTED, ...CACHE_HEADERS];

type Examples = Readonly<Record<string, Example>>;

/** An answer in JSON that may be kept: one of these components. */
export function answer(
  components: string | readonly string[],
  description: string,
  examples: Examples,
): Response {
  return { ...passingAnswer(components, description, examples), headers: coded(KEPT) };
}

/** An answer in JSON that is made for one request. */
export function passingAnswer(
  components: string | readonly string[],
  description: string,
  examples: Examples,
): Response {
  return {
    description,
    headers: coded(COUNTED),
    content: {
      'application/json': { schema: anyOf([components].flat()), examples },
    },
  };
}

function anyOf(components: readonly string[]): Reference | JsonSchema {
  const references = components.map((name) => ({ $ref: `#/components/schemas/${name}` }));
  const [first, ...others] = references;
  return first && others.length === 0 ? first : { anyOf: references };
}

/** The reply to those who have the answer. */
export function notModified(): Response {
  return {
    description: 'The answer that is at hand still holds. Given after authorisation only.',
    headers: headerReferences(KEPT),
  };
}

function coded(names: readonly HeaderName[]) {
  return headerReferences([...names, 'Content-Encoding']);
}
