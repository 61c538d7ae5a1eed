// Who asks: an app key becomes a caller, or the request ends here.
import { hash, timingSafeEqual } from 'node:crypto';
import type { App, Caller } from '../domain/caller.ts';

/** Tells who a request's raw headers (name, value, name, value, …) speak for, or why nobody. */
export type Authenticate = (rawHeaders: readonly string[]) => Caller | CredentialFault;

/** None is given; two are, which is as good as none; or it is not one of ours. */
export type CredentialFault = 'no-credential' | 'several-credentials' | 'wrong-credential';

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
    const { count, key } = readCredential(rawHeaders);
    if (count === 0) return 'no-credential';
    if (count > 1) return 'several-credentials';
    if (!key.startsWith(PREFIX)) return 'wrong-credential';
    const name = key.slice(PREFIX.length, -TAIL_CHARACTERS);
    const { caller, keyHashes } = byName.get(name) ?? NO_APP;
    // Whether it is well-formed needs no look: no other text has the hash of a key.
    keyHash.write(hash('sha256', key, 'hex'), 'latin1');
    const isKnown = isOneOf(keyHashes, keyHash);
    return isKnown && caller !== null ? caller : 'wrong-credential';
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

/** How many credentials a request has, and the last of them. Of a header given twice Node keeps one alone. */
function readCredential(rawHeaders: readonly string[]) {
  let count = 0;
  let key = '';
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // Most names differ in length already.
    if (name.length !== 9 && name.length !== 13) continue;
    const value = rawHeaders[at + 1] ?? '';
    if (name.toLowerCase() === 'authorization') key = tokenOf(value);
    else if (name.toLowerCase() === 'x-app-key') key = value;
    else continue;
    count += 1;
  }
  return { count, key };
}

function tokenOf(authorization: string): string {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}
