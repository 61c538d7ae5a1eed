// What is kept for one key: the answer's bytes, its instants, and the representations made of it so far.
import type { Instants } from '../domain/freshness.ts';
import { createRepresentations, type Representations } from './representations.ts';

/** A kept answer. `body` is the whole model as JSON; representations are made from it, once each. */
export interface Entry {
  readonly instants: Instants;
  readonly body: Buffer;
  readonly representations: Representations;
}

/** A new entry without representations. */
export function createEntry(body: Buffer, instants: Instants): Entry {
  return { body, instants, representations: createRepresentations(body) };
}
