// The parts of an OpenAPI 3.1 document that we write.
import type { z } from 'zod';

/** JSON Schema, draft 2020-12. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Points to a component. */
export interface Reference {
  readonly $ref: string;
}

/** A header of a response. */
export interface Header {
  readonly description: string;
  readonly schema: JsonSchema;
}

/** A parameter of a request. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'header' | 'path';
  readonly description: string;
  readonly required?: boolean;
  /** False: a list is written with commas. */
  readonly explode?: boolean;
  readonly schema: JsonSchema;
  /** Filled in where a reader tries the operation out. */
  readonly example?: unknown;
}

/** A named example. */
export interface Example {
  readonly summary: string;
  readonly value: unknown;
}

/** Bodies by media type. */
export type Content = Readonly<
  Record<
    string,
    {
      readonly schema: JsonSchema | Reference;
      readonly examples?: Readonly<Record<string, Example>>;
    }
  >
>;

/** What can be answered with one status. */
export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Reference>>;
  readonly content?: Content;
}

/** One method of a path. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  /** Empty for those that need no credential. */
  readonly security?: readonly [];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly description: string;
    readonly required: boolean;
    readonly content: Content;
  };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

/** The methods of a path. */
export interface PathItem {
  readonly get?: Operation;
  readonly post?: Operation;
}
