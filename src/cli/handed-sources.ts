// What the first process read at its start, for workers to be configured alike, whenever they start.
import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { ConfigurationSources } from '../config/configuration.ts';
import type { SecretSources } from '../config/secrets.ts';

/** What is handed down; the environment is inherited. */
export interface HandedSources {
  /** The text of each file that was read, by its path. */
  readonly files: Readonly<Record<string, string>>;
  /** The random secret in base64url; empty if one is configured. */
  readonly secret: string;
}

/** Sources that remember what has been read from them. */
export interface RememberingSources extends ConfigurationSources {
  handDown(): HandedSources;
}

/** Sources that remember, around those of the first process. */
export function rememberSources(
  { env, readFile }: SecretSources,
  randomBytes: (bytes: number) => Buffer = systemRandomBytes,
): RememberingSources {
  const files = new Map<string, string>();
  let secret: Buffer = Buffer.alloc(0);
  return {
    env,
    readFile(path) {
      const text = readFile(path);
      files.set(path, text);
      return text;
    },
    randomBytes(bytes) {
      secret = randomBytes(bytes);
      return secret;
    },
    handDown: () => ({ files: Object.fromEntries(files), secret: secret.toString('base64url') }),
  };
}

/** The sources of a worker: nothing is read a second time, and nothing drawn. */
export function handedSources(
  env: SecretSources['env'],
  { files, secret }: HandedSources,
): ConfigurationSources {
  return {
    env,
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw new Error('A file that the first process did not read.');
      return text;
    },
    randomBytes: () => Buffer.from(secret, 'base64url'),
  };
}
