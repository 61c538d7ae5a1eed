// Who asks: an app key becomes a caller, or the request ends here.
import { hash, timingSafeEqual } from 'node:crypto';
import type { App, Caller } from '../domain/caller.ts';
import { Problem } from '../domain/problem.ts';

/** Tells who a request's raw headers (name, value, name, value, …) speak for. @throws {Problem} `unauthenticated` */
export type Authenticate = (rawHeaders: readonly string[]) => Caller;

const PREFIX = 'c360_';
/** A key is parsed from its fixed end: an underscore and 43 characters. */
const TAIL_CHARACTERS = 44;

const HEX_CHARACTERS = 64;

const NO_APP = { caller: null, keyHashes: [Buffer.alloc(HEX_CHARACTERS)] };

/** Creates the check of app keys. An unknown app takes as long as a wrong key. */
export function createAuthenticate(apps: readonly App[]): Authenticate {
  const byName = new Map(
    apps.map(({ caller, keyHashes }) => [caller.app, { caller, keyHashes: keyHashes.map(toHex) }]),
  );
  // One for all: a new buffer for each digest costs as much as the digest.
  const keyHash = Buffer.alloc(HEX_CHARACTERS);
  return (rawHeaders) => {
    const key = credentialOf(rawHeaders);
    if (key === undefined || !key.startsWith(PREFIX)) throw new Problem('unauthenticated');
    const name = key.slice(PREFIX.length, -TAIL_CHARACTERS);
    const { caller, keyHashes } = byName.get(name) ?? NO_APP;
    // Whether it is well-formed needs no look: no other text has the hash of a key.
    keyHash.write(hash('sha256', key, 'hex'), 'latin1');
    if (!isOneOf(keyHashes, keyHash) || caller === null) {
      throw new Problem('unauthenticated');
    }
    return caller;
  };
}

function toHex(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('hex'));
}

/** Compares with each, so that the time does not tell which. */
function isOneOf(keyHashes: readonly Buffer[], keyHash: Buffer): boolean {
  let isFound = false;
  for (const known of keyHashes) isFound = timingSafeEqual(known, keyHash) || isFound;
  return isFound;
}

/** The one credential of a request; two are as good as none. Of a header given twice Node keeps one alone. */
function credentialOf(rawHeaders: readonly string[]): string | undefined {
  let count = 0;
  let credential: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // Most names differ in length already.
    if (name.length !== 9 && name.length !== 13) continue;
    const value = rawHeaders[at + 1] ?? '';
    if (name.toLowerCase() === 'authorization') credential = tokenOf(value);
    else if (name.toLowerCase() === 'x-app-key') credential = value;
    else continue;
    count += 1;
  }
  return count === 1 ? credential : undefined;
}

function tokenOf(authorization: string): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}
