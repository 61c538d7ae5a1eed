// Secrets: read from the environment or from files, then held where nothing prints them.
import { hkdfSync } from 'node:crypto';
import { type Variables, variable } from './environment.ts';
import { type Fault, readFailure } from './faults.ts';

/** What a key derived from `CACHE_SECRET` is for; `names` are those of budgets and quotas. */
export type KeyPurpose = 'cache-keys' | 'cache-values' | 'cursors' | 'names';

/** The secrets of a configuration. `JSON.stringify` and `util.inspect` show none of them. */
export interface Secrets {
  /** The vendor's keys of a tenant, in the order of trying; none for an unknown tenant. */
  vendorKeys(tenantName: string): readonly string[];
  /** The addresses of Redis with user and password; none without Redis. */
  redisUrls(): readonly string[];
  /** A key of 32 bytes (HKDF-SHA256, RFC 5869; its info is `customer-360/<purpose>/v1`). */
  deriveKey(purpose: KeyPurpose): Buffer;
}

/** Where secrets are read from. `readFile` throws when it cannot. */
export interface SecretSources {
  readonly env: Variables;
  readonly readFile: (path: string) => string;
}

/** What became of reading one secret. */
export type SecretReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'found'; readonly value: string }
  | { readonly kind: 'fault'; readonly fault: Fault };

const CACHE_SECRET_BYTES = 32;

/** A variable, or the content of the file that `<name>_FILE` names, without blanks around it. */
export function readSecret(name: string, { env, readFile }: SecretSources): SecretReading {
  const value = variable(env, name);
  const path = variable(env, `${name}_FILE`);
  if (value !== undefined && path !== undefined) {
    const problem = `is set, and so is ${name}_FILE`;
    return { kind: 'fault', fault: { place: name, problem, mend: 'Unset one of the two.' } };
  }
  if (path !== undefined) return readSecretFile(path, readFile, `${name}_FILE`);
  return value === undefined ? { kind: 'absent' } : { kind: 'found', value };
}

/** The content of a file without blanks around it. A fault is at `place`, and hides the path. */
export function readSecretFile(
  path: string,
  readFile: SecretSources['readFile'],
  place: string,
): Exclude<SecretReading, { kind: 'absent' }> {
  try {
    const value = readFile(path).trim();
    if (value !== '') return { kind: 'found', value };
    const mend = 'Write the secret into the file.';
    return { kind: 'fault', fault: { place, problem: 'names a file that is empty', mend } };
  } catch (error) {
    const problem = `names a file that cannot be read${readFailure(error)}`;
    const mend = 'Name a file that exists and that this user may read.';
    return { kind: 'fault', fault: { place, problem, mend } };
  }
}

/** `CACHE_SECRET`, or a random one where it may be left out. A fault is added to `faults`. */
export function readCacheSecret(options: {
  readonly sources: SecretSources;
  readonly required: boolean;
  readonly randomBytes: (bytes: number) => Buffer;
  readonly faults: Fault[];
}): Buffer {
  const { sources, required, randomBytes, faults } = options;
  const place = 'CACHE_SECRET';
  const random = (): Buffer => randomBytes(CACHE_SECRET_BYTES);
  const mend =
    'Write 32 random bytes or more: node -p "crypto.randomBytes(32).toString(\'base64url\')"';
  const reading = readSecret(place, sources);
  if (reading.kind === 'fault') {
    faults.push(reading.fault);
    return random();
  }
  if (reading.kind === 'absent') {
    if (required) faults.push({ place, problem: 'is missing, and Redis needs it', mend });
    return random();
  }
  const secret = Buffer.from(reading.value, 'base64url');
  if (secret.length >= CACHE_SECRET_BYTES && secret.toString('base64url') === reading.value) {
    return secret;
  }
  faults.push({ place, problem: 'is not 32 bytes or more in base64url', mend });
  return random();
}

/** Holds the secrets; they can be had through its methods alone. */
export function createSecrets(options: {
  readonly vendorKeys: ReadonlyMap<string, readonly string[]>;
  readonly redisUrls: readonly string[];
  readonly cacheSecret: Buffer;
}): Secrets {
  return Object.freeze(new HeldSecrets(options));
}

// Private fields, unlike a closure's functions, leave nothing enumerable on the object.
class HeldSecrets implements Secrets {
  readonly #vendorKeys: ReadonlyMap<string, readonly string[]>;
  readonly #redisUrls: readonly string[];
  readonly #cacheSecret: Buffer;

  constructor({ vendorKeys, redisUrls, cacheSecret }: Parameters<typeof createSecrets>[0]) {
    this.#vendorKeys = vendorKeys;
    this.#redisUrls = redisUrls;
    this.#cacheSecret = cacheSecret;
  }

  vendorKeys(tenantName: string): readonly string[] {
    return this.#vendorKeys.get(tenantName) ?? [];
  }

  redisUrls(): readonly string[] {
    return this.#redisUrls;
  }

  deriveKey(purpose: KeyPurpose): Buffer {
    const info = `customer-360/${purpose}/v1`;
    return Buffer.from(hkdfSync('sha256', this.#cacheSecret, '', info, 32));
  }
}
