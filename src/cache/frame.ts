// The binary frame of an entry in Redis: a plain header (version, instants) before the sealed tag and body.
import type { CacheKey } from '../domain/cache-key.ts';
import type { Instants } from '../domain/freshness.ts';
import { type Entry, ETAG_CHARACTERS, entryOf } from './entry.ts';
import type { Sealer } from './seal.ts';

const VERSION = 3;

/** Version (1 byte), then `fetchedAt`, `staleAt`, `revalidateUntil` and `deleteAt` as big-endian doubles. */
export const HEADER_BYTES = 33;

/** The frame of an entry for the place that `key` names. */
export function encodeFrame(key: CacheKey, entry: Entry, sealer: Sealer): Buffer {
  const header = encodeHeader(entry.instants);
  // A tag takes longer to compute than to read.
  const parts = [Buffer.from(entry.etag, 'latin1'), entry.body];
  return Buffer.concat([header, ...sealer.seal(parts, { ...key, header })]);
}

/** The entry of a frame, or undefined if it is of another version, damaged, or from another place. */
export function decodeFrame(key: CacheKey, frame: Buffer, sealer: Sealer): Entry | undefined {
  const header = frame.subarray(0, HEADER_BYTES);
  const instants = decodeHeader(header);
  if (instants === undefined) return undefined;
  const plain = sealer.open(frame.subarray(HEADER_BYTES), { ...key, header });
  if (plain === undefined) return undefined;
  const etag = plain.toString('latin1', 0, ETAG_CHARACTERS);
  return entryOf({ body: plain.subarray(ETAG_CHARACTERS), etag, instants });
}

/** The beginning of the frame of an entry with these instants. */
function encodeHeader(instants: Instants): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeDoubleBE(instants.fetchedAt, 1);
  header.writeDoubleBE(instants.staleAt, 9);
  header.writeDoubleBE(instants.revalidateUntil, 17);
  header.writeDoubleBE(instants.deleteAt, 25);
  return header;
}

/** The instants at the beginning of a frame, or undefined if it is of another version. */
export function decodeHeader(header: Buffer): Instants | undefined {
  if (header.length < HEADER_BYTES || header.readUInt8(0) !== VERSION) return undefined;
  return {
    fetchedAt: header.readDoubleBE(1),
    staleAt: header.readDoubleBE(9),
    revalidateUntil: header.readDoubleBE(17),
    deleteAt: header.readDoubleBE(25),
  };
}
