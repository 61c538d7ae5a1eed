// The id of a request: the caller's own where it is harmless, else a new one.
import { randomUUID } from 'node:crypto';

/** Takes over 1 to 128 characters of `A-Za-z0-9._-`; anything else, and what looks like a key, is replaced. */
export function requestIdFor(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && /^(?!c360_|eght_)[A-Za-z0-9._-]{1,128}$/i.test(header)
    ? header
    : randomUUID();
}
