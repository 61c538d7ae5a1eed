// The binary frame of an entry in Redis: a plain header (version, instants) before the sealed body.
import type { CacheKey } from '../domain/cache-key.ts';
import type { Instants } from '../domain/freshness.ts';
import { createEntry, type Entry } from './entry.ts';
import type { Sealer } from './seal.ts';

const VERSION = 1;
const HEADER_BYTES = 25; // version (1), then fetchedAt, staleAt and deleteAt as big-endian doubles

/** The frame of an entry for the place that `key` names. */
export function encodeFrame(key: CacheKey, entry: Entry, sealer: Sealer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeDoubleBE(entry.instants.fetchedAt, 1);
  header.writeDoubleBE(entry.instants.staleAt, 9);
  header.writeDoubleBE(entry.instants.deleteAt, 17);
  return Buffer.concat([header, sealer.seal(entry.body, { ...key, header })]);
}

/** The entry of a frame, or undefined if it is of another version, damaged, or from another place. */
export function decodeFrame(key: CacheKey, frame: Buffer, sealer: Sealer): Entry | undefined {
  if (frame.length < HEADER_BYTES || frame.readUInt8(0) !== VERSION) return undefined;
  const header = frame.subarray(0, HEADER_BYTES);
  const body = sealer.open(frame.subarray(HEADER_BYTES), { ...key, header });
  return body && createEntry(body, readInstants(header));
}

function readInstants(header: Buffer): Instants {
  return {
    fetchedAt: header.readDoubleBE(1),
    staleAt: header.readDoubleBE(9),
    deleteAt: header.readDoubleBE(17),
  };
}
