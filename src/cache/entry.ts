// What is kept for one key: the answer's bytes, its instants, and the representations made of it so far.
import { hash } from 'node:crypto';
import type { Instants } from '../domain/freshness.ts';
import { Representations } from './representations.ts';

/** A kept answer. `body` is the whole model as JSON; representations are made from it, once each. */
export interface Entry {
  readonly instants: Instants;
  readonly body: Buffer;
  /** The tag of `body`. */
  readonly etag: string;
  readonly representations: Representations;
}

/** A new entry without representations. */
export function createEntry(bytes: Buffer, instants: Instants): Entry {
  return entryOf({ body: ownBytes(bytes), etag: etagOf(bytes), instants });
}

/** The entry that these are kept as. */
export function entryOf(kept: Pick<Entry, 'body' | 'etag' | 'instants'>): Entry {
  return { ...kept, representations: new Representations() };
}

/** The strong tag of these very bytes, `ETAG_CHARACTERS` long. */
export function etagOf(bytes: Buffer): string {
  return `"${hash('sha256', bytes, 'base64url').slice(0, ETAG_CHARACTERS - 2)}"`;
}

/** With its quotes. */
export const ETAG_CHARACTERS = 29;

/** The bytes in memory of their own: a slice would keep all of what it is a slice of, and nobody would count that. */
export function ownBytes(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** An entry in the place of an older one: where the content is the same, bytes and representations stay. */
export function succeed(older: Entry | undefined, entry: Entry): Entry {
  if (older === undefined || older.etag !== entry.etag) return entry;
  return { ...older, instants: entry.instants };
}

/**
 * True if something was fetched after another, or there is no other. What is joined is as old as its oldest part, which
 * may be in both: then what lives longer is newer.
 */
export function isNewer(instants: Instants, other: Instants | undefined): boolean {
  if (other === undefined) return true;
  const laterMs = instants.fetchedAt - other.fetchedAt;
  return laterMs > 0 || (laterMs === 0 && instants.staleAt > other.staleAt);
}
