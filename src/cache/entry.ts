// What is kept for one key: the answer's bytes, its instants, and the representations made of it so far.
import type { Instants } from '../domain/freshness.ts';
import type { Representation } from '../domain/source.ts';

/** A kept answer. `body` is the whole model as JSON; representations are made from it, once each. */
export interface Entry {
  readonly instants: Instants;
  readonly body: Buffer;
  /** By a name of the view and coding; a promise while it is being made. */
  readonly representations: Map<string, Promise<Representation>>;
}

/** A new entry without representations. */
export function createEntry(body: Buffer, instants: Instants): Entry {
  return { body, instants, representations: new Map() };
}
