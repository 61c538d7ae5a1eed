// Zod schemas as JSON Schema, the named ones as components of the document.
import { z } from 'zod';
import { batchSchema } from '../batch-schemas.ts';
import { derivedSchema, historySchema, timelineSchema } from '../history-schema.ts';
import {
  customerSchema,
  healthSchema,
  insightsSchema,
  interactionSchema,
  problemSchema,
  summariesSchema,
  summaryFailureSchema,
  summarySchema,
  timeRangeSchema,
} from '../schemas.ts';
import type { JsonSchema } from './operation.ts';

const REPLIES: Readonly<Record<string, z.ZodType>> = {
  Customer: customerSchema,
  History: historySchema,
  Derived: derivedSchema,
  Timeline: timelineSchema,
  Customers: batchSchema,
  TimeRange: timeRangeSchema,
  Interaction: interactionSchema,
  Insights: insightsSchema,
  Summary: summarySchema,
  SummaryFailure: summaryFailureSchema,
  Summaries: summariesSchema,
  Problem: problemSchema,
  Health: healthSchema,
};

/** What replies are made of. Open objects: a later version may add fields, which callers ignore. */
export function replySchemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(REPLIES)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      simplify(jsonSchema);
      delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutAddress(schema)]),
  );
}

/** What a request holds. Closed objects: unknown parameters are errors. */
export function requestSchema(schema: z.ZodType): JsonSchema {
  return withoutAddress(
    z.toJSONSchema(schema, { override: ({ jsonSchema }) => simplify(jsonSchema) }),
  );
}

/** Says the same in fewer words. */
function simplify(schema: JsonSchema): void {
  if (schema.format !== undefined) delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  const [value, none, ...others] = schema.anyOf ?? [];
  const isNullable = none?.type === 'null' && others.length === 0;
  if (isNullable && typeof value?.type === 'string' && !isListed(value)) {
    delete schema.anyOf;
    Object.assign(schema, { ...value, ...schema, type: [value.type, 'null'] });
  }
}

/** With a type of its own beside, a list of values would have to name null too. */
function isListed(schema: JsonSchema): boolean {
  return schema.enum !== undefined || schema.const !== undefined;
}

function withoutAddress({ $schema, $id, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
