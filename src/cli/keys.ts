// The command `keys new <app>`: makes an app key.
import { createHash, randomBytes as systemRandomBytes } from 'node:crypto';
import { NAME } from '../config/rules.ts';
import { type CommandIo, EXIT } from './command-io.ts';

/** A new app key and what config.yaml holds in its place. */
export interface NewAppKey {
  /** `c360_<app>_<43 characters base64url>`: 256 random bits. */
  readonly key: string;
  /** `sha256:<64 hex digits>`, over the whole key. */
  readonly hash: string;
}

type RandomBytes = (bytes: number) => Buffer;

const USAGE = 'Usage: npm run c360 -- keys new <app>\n';

/** Makes a key for an app, whose name must be one that config.yaml allows. */
export function newAppKey(app: string, randomBytes: RandomBytes = systemRandomBytes): NewAppKey {
  const key = `c360_${app}_${randomBytes(32).toString('base64url')}`;
  return { key, hash: `sha256:${createHash('sha256').update(key).digest('hex')}` };
}

/** Runs `keys new <app>`; `args` begin after `keys`. The exit code: 0, or 64 for a wrong use. */
export function runKeys(
  io: CommandIo,
  args: readonly string[],
  randomBytes: RandomBytes = systemRandomBytes,
): number {
  const [verb, app, ...rest] = args;
  if (verb !== 'new' || app === undefined || rest.length > 0) {
    io.fail(USAGE);
    return EXIT.usage;
  }
  if (NAME.read(app) === undefined) {
    io.fail(`That ${NAME.problem}. ${NAME.mend}\n${USAGE}`);
    return EXIT.usage;
  }
  io.write(instructions(app, newAppKey(app, randomBytes)));
  return EXIT.ok;
}

function instructions(app: string, { key, hash }: NewAppKey): string {
  return `The key of ${app}, shown this once. Keep it where the app keeps its secrets:

${key}

In config.yaml, below apps and ${app}, in the place of its line "keys" (while a key is replaced, with both hashes):

    keys: ["${hash}"]
`;
}
