// Who asks: an app key becomes a caller, or the request ends here.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { App, Caller } from '../domain/caller.ts';
import { Problem } from '../domain/problem.ts';

/** Tells who a request's headers speak for. @throws {Problem} `unauthenticated` */
export type Authenticate = (headers: DistinctHeaders) => Caller;

/** Every value of each header, also of those of which Node keeps the first alone. */
type DistinctHeaders = IncomingMessage['headersDistinct'];

/** `c360_<app>_<43 characters base64url>`, parsed from its fixed end. */
const APP_KEY = /^c360_([a-z0-9][a-z0-9-]{0,62})_[A-Za-z0-9_-]{43}$/;

const NO_APP = { caller: null, keyHashes: [Buffer.alloc(32)] };

/** Creates the check of app keys. An unknown app takes as long as a wrong key. */
export function createAuthenticate(apps: readonly App[]): Authenticate {
  const byName = new Map(apps.map((app) => [app.caller.app, app]));
  return (headers) => {
    const key = credentialOf(headers);
    const name = APP_KEY.exec(key ?? '')?.[1];
    if (key === undefined || name === undefined) throw new Problem('unauthenticated');
    const { caller, keyHashes } = byName.get(name) ?? NO_APP;
    const hash = createHash('sha256').update(key).digest();
    const matches = keyHashes.filter((known) => timingSafeEqual(known, hash));
    if (caller === null || matches.length === 0) throw new Problem('unauthenticated');
    return caller;
  };
}

/** The one credential of a request; two are as good as none. */
function credentialOf(headers: DistinctHeaders): string | undefined {
  const tokens = headers.authorization?.map((value) => /^Bearer +(\S+)$/i.exec(value)?.[1]);
  const credentials = [...(tokens ?? []), ...(headers['x-app-key'] ?? [])];
  return credentials.length === 1 ? credentials[0] : undefined;
}
