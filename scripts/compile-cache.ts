// What Node compiles is kept beside the built files, so that the next start need not: it takes a fifth of a start.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startFlags } from './start-command.ts';

const CONFIG_FILE = fileURLToPath(new URL('../config.sandbox.yaml', import.meta.url));
const LONGEST_MS = 10_000;
/** A port on which nothing listens: the code for Redis is loaded, and none is needed. */
const NO_REDIS = 'redis://127.0.0.1:1';

/**
 * Starts what was built into a folder, and ends it; Node writes what it has compiled when it ends.
 * @returns false if it did not start: then nothing is kept, and nothing lost but time
 */
export async function compileOnce(dist: string): Promise<boolean> {
  const cache = join(dist, '.compile-cache');
  const started = spawn(process.execPath, [...startFlags, join(dist, 'main.js')], {
    // Where no .env is.
    cwd: dist,
    env: {
      NODE_COMPILE_CACHE: cache,
      CONFIG_FILE,
      PORT: '0',
      OPS_PORT: '0',
      ACME_8X8_KEY: 'none',
      GLOBEX_8X8_KEY: 'none',
      REDIS_URL: NO_REDIS,
      CACHE_SECRET: Buffer.alloc(32).toString('base64url'),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: LONGEST_MS,
  });
  const ended = once(started, 'close');
  createInterface(started.stdout).on('line', (line) => {
    if (line.includes('"listening"')) started.kill('SIGTERM');
  });
  const [exitCode] = await ended;
  if (existsSync(cache)) letOthersRead(cache);
  return exitCode === 0;
}

/** Node lets nobody but the user read it; in an image it belongs to another one. */
function letOthersRead(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o644);
  }
}
