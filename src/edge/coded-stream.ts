// A body that is made while it is sent, in a content coding.
import { pipeline, Readable } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { Coding } from '../domain/source.ts';

/** Made for one reply and not kept, so that it is to take less time, and less memory, than what is made once. */
const BROTLI = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: 18,
  },
};

/** The parts one after the other, in the coding. Whoever destroys it ends the parts. */
export function codedStream(parts: AsyncIterable<Buffer>, coding: Coding | null): Readable {
  const plain = Readable.from(parts);
  if (coding === null) return plain;
  const coder = coding === 'br' ? createBrotliCompress(BROTLI) : createGzip();
  // It tells of failures by its own events.
  return pipeline(plain, coder, () => undefined);
}
