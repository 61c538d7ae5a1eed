// What must hold before a figure means anything: the same bytes, from the cache, in the coding asked for.
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import { type Asked, askOk } from './ask.ts';

/** The bytes of a reply without its content coding. */
async function decoded({ headers, body }: Asked): Promise<Buffer> {
  if (headers['content-encoding'] === 'br') return promisify(brotliDecompress)(body);
  if (headers['content-encoding'] === 'gzip') return promisify(gunzip)(body);
  return body;
}

/** Asks until a reply has these bytes and `isAsWanted`; throws if the second one still has not. */
export async function expectReply(
  url: string,
  headers: Readonly<Record<string, string>>,
  { bytes, isAsWanted }: { bytes: Buffer; isAsWanted: (asked: Asked) => boolean },
): Promise<Asked> {
  await askOk(url, headers);
  const asked = await askOk(url, headers);
  if (!bytes.equals(await decoded(asked))) throw new Error(`${url} does not send the same bytes.`);
  if (!isAsWanted(asked)) {
    throw new Error(`${url} does not answer as wanted: ${JSON.stringify(asked.headers)}`);
  }
  return asked;
}

/** Whether nginx or varnish answered from the cache. */
export function isFromCache({ headers }: Asked): boolean {
  return headers['x-cache'] === 'HIT';
}
