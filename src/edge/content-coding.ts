// Which content coding a caller gets (RFC 9110 §12.5.3).
import type { Coding } from '../domain/source.ts';
import { readWeights } from './weights.ts';

/** `br` before `gzip` at equal weight; null if neither is wanted more than the plain bytes. */
export function chooseCoding(acceptEncoding: string | undefined): Coding | null {
  if (acceptEncoding === undefined) return null;
  const weights = readWeights(acceptEncoding);
  const any = weights.get('*') ?? 0;
  const br = weights.get('br') ?? any;
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? any;
  const best = Math.max(br, gzip);
  if (best === 0 || (weights.get('identity') ?? 0) > best) return null;
  return br === best ? 'br' : 'gzip';
}
