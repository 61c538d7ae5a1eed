// Cursors: where a page ended, sealed, so that callers can neither read nor change it.
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto';
import type { Position } from './history.ts';

/** What a cursor says. */
export interface CursorContent {
  /** When the first page was asked for, in Unix milliseconds. */
  readonly firstAt: number;
  /** The name of what was asked; another question does not open it. */
  readonly question: string;
  /** The last interaction that was shown. */
  readonly after: Position;
}

/** Seals and opens cursors. */
export interface Cursors {
  /** A text of the base64url alphabet; the same for the same content. */
  seal(content: CursorContent): string;
  /** Undefined for anything that was not sealed here, and for what is older than an hour at `now` (Unix ms). */
  open(text: string, now: number): CursorContent | undefined;
}

const LIFETIME_MS = 3_600_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param secret the purpose's own key, 32 bytes */
export function createCursors(secret: Buffer): Cursors {
  const key = createSecretKey(createHmac('sha256', secret).update('seal').digest());
  const nonceKey = createSecretKey(createHmac('sha256', secret).update('nonce').digest());
  return {
    seal(content) {
      const plain = Buffer.from(JSON.stringify(content));
      // Made of the content, so that an unchanged page has an unchanged tag; a nonce is used for one content only.
      const nonce = createHmac('sha256', nonceKey).update(plain).digest().subarray(0, NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final()]);
      return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url');
    },
    open(text, now) {
      const sealed = Buffer.from(text, 'base64url');
      // Other spellings of the same bytes are not ours.
      if (sealed.length <= NONCE_BYTES + TAG_BYTES || sealed.toString('base64url') !== text) {
        return undefined;
      }
      const opened = openSealed(sealed);
      if (opened === undefined) return undefined;
      const content = JSON.parse(opened) as CursorContent;
      return now - content.firstAt <= LIFETIME_MS ? content : undefined;
    },
  };

  function openSealed(sealed: Buffer): string | undefined {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      decipher.final();
      return plain.toString();
    } catch {
      return undefined;
    }
  }
}
