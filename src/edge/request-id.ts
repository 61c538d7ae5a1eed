// The id of a request: the caller's own where it is harmless, else a new one.
import { randomUUID } from 'node:crypto';

/** Takes over 1 to 128 characters of `A-Za-z0-9._-`; anything else is replaced, never repaired. */
export function requestIdFor(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(header)
    ? header
    : randomUUID();
}
