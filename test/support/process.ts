// The service as a process of its own: its output, its end, and nothing left behind.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Ending } from './ending.ts';

/** How a process is started. */
export interface ProcessOptions {
  /** Arguments of the command. */
  readonly args?: readonly string[];
  /** Variables beside PATH and those of the test run; nothing else of this process's environment is handed down. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files to lie in its working directory, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Empty folders to lie there too. */
  readonly folders?: readonly string[];
  /** JavaScript to run in it before anything else. */
  readonly prelude?: string;
  /** Of its output only the last characters are kept, so many at least; absent: all of them. */
  readonly keptCharacters?: number;
}

/** A process of `src/main.ts`, in an empty folder of its own. It ends with who started it at the latest. */
export interface ServiceProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Drops what it has written so far, for those who read its streams themselves. */
  forget(): void;
  /** What it has written to the standard output so far. */
  output(): string;
  /** What it has written to the standard error so far. */
  errors(): string;
  /** Resolves when the standard output matches. Throws if the process ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the exit code and the signal that ended it, when all its output is there. */
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts a process. */
export async function startProcess(
  t: Ending,
  { args = [], env = {}, files = {}, folders = [], prelude, keptCharacters }: ProcessOptions,
): Promise<ServiceProcess> {
  const cwd = await mkdtemp(join(tmpdir(), 'customer-360-process-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  for (const name of folders) await mkdir(join(cwd, name));
  // A file, since the places of an error in a data URL would hold all of it.
  if (prelude !== undefined) await writeFile(join(cwd, 'prelude.mjs'), prelude);
  const imports = prelude === undefined ? [] : ['--import', './prelude.mjs'];
  const { PATH = '', NODE_V8_COVERAGE = '', NODE_COMPILE_CACHE = '' } = process.env;
  const child = spawn(process.execPath, [...imports, MAIN, ...args], {
    cwd,
    env: { PATH, NODE_V8_COVERAGE, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.out = keepEnd(written.out + text, keptCharacters);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.err = keepEnd(written.err + text, keptCharacters);
  });
  const ended = once(child, 'close').then(
    ([code, signal]) => [code, signal] as readonly [number | null, NodeJS.Signals | null],
  );
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(cwd, { recursive: true });
  });
  return {
    child,
    forget: () => void Object.assign(written, { out: '', err: '' }),
    output: () => written.out,
    errors: () => written.err,
    ended,
    async until(pattern) {
      let isOver = false;
      const over = ended.then(() => {
        isOver = true;
      });
      for (;;) {
        const found = pattern.exec(written.out);
        if (found) return found;
        if (isOver) throw new Error(`It ended without ${pattern}: ${written.out}${written.err}`);
        await Promise.race([once(child.stdout, 'data'), over]);
      }
    },
  };
}

/** Cut now and then, not each time. */
function keepEnd(text: string, keptCharacters = Number.POSITIVE_INFINITY): string {
  return text.length > 2 * keptCharacters ? text.slice(-keptCharacters) : text;
}
