// The processes of a run: started on a core, and ended by their own handle, however the run ends.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process to start. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** The cores to keep it on; absent: those of this process. */
  readonly cores?: readonly number[] | undefined;
  readonly cwd?: string;
  /** Variables beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sends its standard output to `/dev/null`, where it costs what a log costs and no more. */
  readonly discardOutput?: boolean;
}

/** A started process. */
export interface Running {
  readonly pid: number;
  /** Its standard output as text, once it has ended by itself. Throws if it failed. */
  readonly output: Promise<string>;
  /** Ends it; resolved when it is gone. May be called twice. */
  stop(): Promise<void>;
  /** Resolves when `probe` does; retries while it rejects. Throws if the process ends before. */
  until<T>(probe: () => Promise<T>): Promise<T>;
}

/** A started process that answers HTTP. */
export interface Server {
  /** Such as `http://127.0.0.1:8360`. */
  readonly origin: string;
  readonly process: Running;
}

/** Starts processes and ends them all. */
export interface Processes {
  start(command: Command): Running;
  /** Ends all that still run, the last one first. */
  stopAll(): Promise<void>;
}

const KILL_AFTER_MS = 5_000;
const PROBE_EVERY_MS = 5;
const READY_WITHIN_MS = 20_000;

/** Creates an empty set of processes. What it holds is also ended when this process exits. */
export function createProcesses(): Processes {
  const running = new Map<ChildProcess, Running>();
  process.once('exit', () => {
    for (const child of running.keys()) child.kill('SIGTERM');
  });
  return {
    start(command) {
      const child = spawnOn(command);
      const handle = watch(child, nameOf(command));
      running.set(child, handle);
      child.once('close', () => running.delete(child));
      return handle;
    },
    async stopAll() {
      for (const handle of [...running.values()].reverse()) await handle.stop();
    },
  };
}

/** A TCP port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('A socket has no port.');
  return address.port;
}

function spawnOn({ command, args, cores, cwd, env, discardOutput }: Command): ChildProcess {
  const { PATH = '' } = process.env;
  const options: SpawnOptions = {
    env: { PATH, ...env },
    stdio: ['ignore', discardOutput ? 'ignore' : 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  };
  if (cores === undefined) return spawn(command, args, options);
  return spawn('taskset', ['--cpu-list', cores.join(','), command, ...args], options);
}

/** A script by its own name, without its path. */
function nameOf({ command, args }: Command): string {
  return basename(command === process.execPath ? (args[0] ?? command) : command);
}

function watch(child: ChildProcess, name: string): Running {
  const written = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    written.out = keepEnd(written.out + text);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written.err = keepEnd(written.err + text);
  });
  let isOver = false;
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      isOver = true;
      const words = `${name} ended with ${code ?? signal}:\n${written.err}${written.out}`;
      if (code === 0) resolve(written.out);
      else reject(new Error(words));
    });
  });
  // Heard by those who wait for it; an end that nobody waits for is no fault.
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    output: ended,
    async stop() {
      if (isOver) return;
      child.kill('SIGTERM');
      const killing = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await ended.catch(() => undefined);
      clearTimeout(killing);
    },
    async until(probe) {
      const giveUpAt = performance.now() + READY_WITHIN_MS;
      for (;;) {
        try {
          return await probe();
        } catch (error) {
          if (isOver) await ended.then(() => Promise.reject(new Error(`${name} ended early.`)));
          if (performance.now() > giveUpAt) {
            throw new Error(`${name} is not ready:\n${written.err}${written.out}`, {
              cause: error,
            });
          }
          await sleep(PROBE_EVERY_MS);
        }
      }
    },
  };
}

const KEPT_CHARACTERS = 1_000_000;

function keepEnd(text: string): string {
  return text.length > KEPT_CHARACTERS ? text.slice(-KEPT_CHARACTERS / 2) : text;
}
