// What the schemas are made of: described values, and the proof that a schema and a model say the same.
import { z } from 'zod';

type Immutable<T> = { readonly [Key in keyof T]: Immutable<T[Key]> };

type Same<A, B> = [A, B, keyof A, keyof B] extends [B, A, keyof B, keyof A] ? unknown : never;

/** Lets a schema pass the compiler only if it allows all that the model allows, and nothing else. */
export function describing<Model>() {
  return <Schema extends z.ZodType>(
    schema: Schema & Same<Immutable<z.output<Schema>>, Model>,
  ): Schema => schema;
}

/** A text that may be unknown. */
export function text(description: string, example: string) {
  return z
    .string()
    .nullable()
    .meta({ description, examples: [example] });
}

/** A list of texts, empty if there are none. */
export function texts(description: string, example: string) {
  return z.array(z.string()).meta({ description, examples: [[example]] });
}

/** A whole number from 0 that may be unknown. */
export function count(description: string, example: number) {
  return z
    .int()
    .nonnegative()
    .nullable()
    .meta({ description, examples: [example] });
}

/** An ISO-8601 instant in UTC with milliseconds that may be unknown. */
export function instant(description: string, example: string) {
  return z.iso
    .datetime({ precision: 3 })
    .nullable()
    .meta({ description, examples: [example] });
}
