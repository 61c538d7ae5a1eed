// A real Redis server for a test file: on a free port, and gone with the process of the test.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** How a server differs from the usual one. */
export interface RedisOptions {
  /** More arguments of `redis-server`, such as `['--requirepass', 'x']`. */
  readonly args?: readonly string[];
  /** Makes it a sentinel, with these lines as its configuration. */
  readonly sentinel?: string;
  /** The port to listen on, to come back where a server has been; absent: a free one. */
  readonly port?: number;
}

/** A running Redis server, empty at first, that writes nothing to disk. */
export interface RedisServer {
  readonly port: number;
  /** `redis://127.0.0.1:<port>`, without user and password. */
  readonly url: string;
  /** Ends it at once, as a crash does; resolved when its port is free again. May be called twice. */
  stop(): Promise<void>;
  /** Makes it hang: connections stay open and are accepted, nothing is answered. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
}

/** What a person reads who runs tests that need Redis where there is none. */
export const REDIS_MISSING =
  'redis-server is not on the PATH: install Redis 7 or newer ' +
  '(Debian: apt-get install redis-server; macOS: brew install redis).';

const MAX_ATTEMPTS = 5;
// With Cluster, Redis also listens on the port that is 10000 higher.
const MAX_PORT = 55_535;

// The watcher reads a pipe that ends when the test's process ends, however it ends.
const SERVE_AND_WATCH = `
exec 3<&0
{ trap '' HUP INT TERM; read -r _; kill -9 $$; rm -rf "$0"; } <&3 >/dev/null 2>&1 &
exec redis-server "$@" </dev/null 3<&-
`;

/**
 * Starts a Redis server and waits until it is ready.
 * Throws an `Error` with the server's own words if it does not start, or with
 * {@link REDIS_MISSING} if there is none.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return await launch(port, options);
    } catch (error) {
      const isWorthAnother = options.port === undefined && attempt < MAX_ATTEMPTS;
      if (!isWorthAnother || !isPortTaken(error)) throw error;
    }
  }
}

async function launch(port: number, { sentinel, args = [] }: RedisOptions): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'customer-360-redis-'));
  const config = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  const withoutDisk = ['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--logfile', ''];
  const file = join(directory, 'sentinel.conf');
  // A sentinel writes to its file.
  if (sentinel !== undefined) await writeFile(file, sentinel);
  const asSentinel = sentinel === undefined ? [] : [file, '--sentinel'];
  const child = spawn(
    'sh',
    ['-c', SERVE_AND_WATCH, directory, ...asSentinel, ...config, ...withoutDisk, ...args],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  await readiness(child, sentinel === undefined ? 'Ready to accept connections' : '+monitor');
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

function readiness(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  words: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: string): void => {
      output += chunk;
      if (output.includes(words)) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', reject);
    child.once('close', (code) => {
      reject(new Error(code === 127 ? REDIS_MISSING : `redis-server did not start: ${output}`));
    });
  });
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Address already in use');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('A socket has no port.');
  return address.port > MAX_PORT ? freePort() : address.port;
}
