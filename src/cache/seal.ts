// Encryption of what is kept outside of this process: AES-256-GCM, with a key derived for each identity.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Place } from './place.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of so many identities the key is remembered: deriving one takes about as long as opening 8 kB. */
const MAX_KEYS = 10_000;

/** The place that a sealed value belongs to, and what stands before it. Moved to another, it does not open. */
export interface SealedPlace extends Place {
  readonly header: Buffer;
}

/** Seals and opens values. */
export interface Sealer {
  /** Seals parts as one value, which is the parts that it returns, one after the other. */
  seal(parts: readonly Buffer[], place: SealedPlace): readonly Buffer[];
  /** The plain value in memory of its own, or undefined if it does not open at this place. */
  open(sealed: Buffer, place: SealedPlace): Buffer | undefined;
}

/** @param secret the purpose's own key, 32 bytes */
export function createSealer(secret: Buffer): Sealer {
  // Node takes far longer to accept a key as bytes than as an object: of opening 16 kB it would be the most.
  const key = createSecretKey(secret);
  const keys = new LRUCache<string, KeyObject>({
    max: MAX_KEYS,
    memoMethod: (identity) => createSecretKey(createHmac('sha256', key).update(identity).digest()),
  });
  return {
    seal(parts, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keys.memo(place.identity), nonce);
      cipher.setAAD(additionalData(place));
      const sealed = parts.map((part) => cipher.update(part));
      cipher.final();
      return [nonce, ...sealed, cipher.getAuthTag()];
    },
    open(sealed, place) {
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', keys.memo(place.identity), nonce);
      decipher.setAAD(additionalData(place));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
      try {
        // In this mode nothing is left for the end but to check the tag.
        decipher.final();
        return plain;
      } catch {
        return undefined;
      }
    },
  };
}

function additionalData({ identity, field, header }: SealedPlace): Buffer {
  return Buffer.concat([Buffer.from(`${identity}\n${field}\n`), header]);
}
