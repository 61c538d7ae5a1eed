// What is kept for one key: the answer's bytes, its instants, and the representations made of it so far.
import type { Instants } from '../domain/freshness.ts';
import { Representations } from './representations.ts';

/** A kept answer. `body` is the whole model as JSON; representations are made from it, once each. */
export interface Entry {
  readonly instants: Instants;
  readonly body: Buffer;
  readonly representations: Representations;
}

/** A new entry without representations. */
export function createEntry(bytes: Buffer, instants: Instants): Entry {
  const body = ownBytes(bytes);
  return { body, instants, representations: new Representations(body) };
}

/** The bytes in memory of their own: a slice would keep all of what it is a slice of, and nobody would count that. */
export function ownBytes(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** An entry in the place of an older one: where the content is the same, bytes and representations stay. */
export function succeed(older: Entry | undefined, entry: Entry): Entry {
  if (older === undefined || !older.body.equals(entry.body)) return entry;
  return { ...older, instants: entry.instants };
}
